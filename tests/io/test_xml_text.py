"""The text of an XML element: its own, and no longer than the element."""

from typing import ClassVar

import pytest

from twinhop.errors import InputError
from twinhop.io.xml_stream import XmlReader


class Reader(XmlReader):
    """Takes the texts of all elements called `a`."""

    kind, noun, root = "a test", "test", "top"
    texts: ClassVar[bool] = True

    def __init__(self):
        super().__init__("test.xml")
        self.taken = []

    def start(self, tag, attributes):
        """Collect the text of `a`."""
        if self.enter(tag) == "a":
            self.collect()

    def end(self, tag):
        """Keep it."""
        _, text = self.leave()
        if text is not None:
            self.taken.append(text)


@pytest.mark.parametrize(
    ("inside", "texts"),
    [
        ("<a>1</a><b>2</b>", ["1"]),
        ("<b>2</b><a>1</a> 3 ", ["1"]),
        ("<a>1<b>2</b></a><b>3</b>", ["1"]),
        ("<a> 1<b>2</b>0 </a>", ["10"]),
        ("<a>1<!-- 2 --><![CDATA[0]]></a>4", ["10"]),
        ("<p:a>1</p:a><a/>", ["1", ""]),
        ("<b><a>1</a>2</b><a>3</a>", ["1", "3"]),
    ],
)
def test_the_text_of_an_element_is_its_own(inside, texts):
    for blocks in ([f"<top>{inside}</top>"], list(f"<top>{inside}</top>")):
        reader = Reader()
        for block in blocks:
            reader.feed(block)
        reader.feed("", last=True)
        assert reader.taken == texts


def test_a_text_without_an_end_is_refused_though_it_comes_in_parts():
    reader = Reader()
    reader.feed("<top><a>")
    with pytest.raises(InputError, match="one element or text of more than 1024 KiB; no test needs one"):
        for _ in range(40):
            reader.feed("12345678" * 8192)
