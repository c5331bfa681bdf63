"""What a page prints is what its commands print.

A page is a session: its files are written and its commands run in order, in an empty folder. Run as a program, this
puts what the commands print today in place of what pages show; `tests/docs/test_outputs.py` compares.

    python docs/_ext/outputs.py [--fast] [--check] [PAGE ...]

- A block after a line that ends in "`NAME`:" is the file NAME.
- A block `sh` holds commands, a block `console` commands behind `$ `, with what each of them prints below it. A line
  `...` stands for lines left out. Values of a clock (`CLOCKS`, `CLOCK_COLUMNS`) are not compared.
- A block `python` is a program; it runs in the session's folder.
- `<!-- slow: 40 s -->` before a block: left out by `--fast`. `<!-- not run: WHY -->`: its commands are read, not run.
  `<!-- needs sumo: ... -->`: run where that package is installed. `<!-- compared in: FILE -->`: by a test of its own.
"""

import argparse
import contextlib
import difflib
import hashlib
import importlib.util
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import stand_ins

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?:<!-- (?P<note>slow|not run|compared in|needs \w+): [^\n]*? -->\n+)?"
    r"```(?P<language>[\w-]+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FILE_NAME = re.compile(r"`([\w./-]+\.\w+)`:\s*$")
LEFT_OUT = "..."
#: Programs of the shell that pages use.
SHELL = ("cat", "head", "ls", "mkdir")
#: Where a clock is printed; the group is its value.
CLOCKS = (re.compile(r"\b(?:solved in|searched for|took|most memory held)\s+([\d.,e+-]+)"),)
#: Columns of tables that a clock fills.
CLOCK_COLUMNS = ("ms", "decides ms", "decides in ms")
#: Said by whichever command is the first to compile.
COMPILING = "twinhop: compiling, once"
#: Said once a minute of what takes longer than that, on a machine that is slow or busy.
PROGRESS = re.compile(r"twinhop: .+ \(\d+ min\)")
#: Columns of the terminal that pages show.
WIDTH = 100
#: From here on a line counts as another state of the line that a page shows.
ALIKE = 0.6


class WrongPage(Exception):
    """What a page shows is not so."""


@dataclass(frozen=True)
class Block:
    """A block of a page: what it is, and where in the page its text stands."""

    language: str
    text: str
    note: str
    file: str
    start: int
    line: int


@dataclass
class Command:
    """A command, and the lines that the page shows for it, from `first` to `last` of the block."""

    text: str
    shown: list[str] = field(default_factory=list)


def pages() -> list[Path]:
    """README and every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks_of(page: str) -> list[Block]:
    """The blocks of a page's text that are files, commands, outputs or programs, in order."""
    made = []
    for match in BLOCK.finditer(page):
        name = FILE_NAME.search(page[: match.start()])
        line = page.count("\n", 0, match.start("text"))
        fields = {key: match[key] or "" for key in ("language", "text", "note")}
        made.append(Block(**fields, file=name[1] if name else "", start=match.start("text"), line=line))
    return made


def commands_of(block: Block) -> list[Command]:
    """The commands of a block, continued lines and here-documents joined, each with the output shown."""
    commands: list[Command] = []
    prompt, end = block.language == "console", None
    for line in block.text.splitlines():
        if prompt and not line.startswith(("$ ", "> ")):
            if not commands:
                raise WrongPage(f"line {block.line}: a block `console` begins with a command behind `$ `")
            commands[-1].shown.append(line)
            continue
        text = line[2:] if prompt else line
        if end is not None or (commands and commands[-1].text.endswith("\\")):
            commands[-1].text += "\n" + text
            end = None if text == end else end
        elif text.strip() and not text.startswith("#"):
            commands.append(Command(text))
            here = re.search(r"<<\s*'?(\w+)'?", text)
            end = here[1] if here else None
    return commands


def tidy(text: str) -> list[str]:
    """The lines of an output without blanks at their ends, empty lines around, and what depends on cache or speed."""
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [line for line in lines if line != COMPILING and not PROGRESS.fullmatch(line)]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def timed_cells(printed: list[str]) -> list[tuple[int, ...]]:
    """For each line printed, which cells of it are times, counted from the right from 0: by the head of its table."""
    result, timed = [], ()
    for line in printed:
        cells = _cells(line)[::-1]
        if not cells:
            timed = ()
        elif any(cell in CLOCK_COLUMNS for cell in cells[:-1]):
            timed = tuple(at for at, cell in enumerate(cells) if cell in CLOCK_COLUMNS)
        result.append(timed)
    return result


def _cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line.strip()) if line.strip() else []


def masked(line: str, timed: tuple[int, ...]) -> str:
    """A line as it is compared: columns of any width, and no value of a clock."""
    for clock in CLOCKS:
        line = clock.sub(lambda match: match[0][: match.start(1) - match.start()] + "#", line)
    cells = _cells(re.sub(r"─+", "─", line))
    for at in timed:
        if at < len(cells):
            cells[-1 - at] = re.sub(r"[\d.e+-]+", "#", cells[-1 - at])
    return "  ".join(cells)


def chunks_of(shown: list[str]) -> list[list[str]]:
    """What stands between the lines that say that something is left out."""
    chunks: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == LEFT_OUT:
            chunks.append([])
        else:
            chunks[-1].append(line)
    return chunks


def agrees(shown: list[str], printed: list[str]) -> bool:
    """Whether a page shows what is printed: all of it, but for lines left out by a line `...`."""
    timed = timed_cells(printed)

    def stands_at(chunk: list[str], at: int) -> bool:
        lines = range(at, at + len(chunk))
        return (
            0 <= at
            and lines.stop <= len(printed)
            and all(
                masked(line, timed[n]) == masked(printed[n], timed[n]) for line, n in zip(chunk, lines, strict=True)
            )
        )

    first, *others = chunks_of(shown)
    if not others:
        return len(first) == len(printed) and stands_at(first, 0)
    at, (*middle, last) = len(first), others
    if not stands_at(first, 0):
        return False
    for chunk in middle:
        places = [place for place in range(at, len(printed) + 1) if stands_at(chunk, place)]
        if not places:
            return False
        at = places[0] + len(chunk)
    return len(printed) - len(last) >= at and stands_at(last, len(printed) - len(last))


def refreshed(shown: list[str], printed: list[str]) -> list[str]:
    """What the page is to show instead: everything printed, but for what the page left out.

    Raises:
        WrongPage: a part between lines left out is nowhere in what is printed.
    """
    chunks = chunks_of(shown)
    if len(chunks) == 1:
        return list(printed)
    result, at = [], 0
    for number, chunk in enumerate(chunks):
        lines = [line for line in chunk if line.strip()]
        first = at if number == 0 else _place(lines[0], printed, at) if lines else at
        last = _end(lines, chunk, printed, first) if number < len(chunks) - 1 or not lines else len(printed)
        result += [LEFT_OUT] * (number > 0) + printed[first:last]
        at = last
    return result


def _end(lines: list[str], chunk: list[str], printed: list[str], first: int) -> int:
    """One past the line that ends a part of as many lines, if need be moved to where its last line is."""
    if not lines:
        return first
    expected = min(first + len(chunk), len(printed)) - 1
    order = sorted(range(first, len(printed)), key=lambda place: abs(place - expected))
    alike = [place for place in order if _likeness(lines[-1], printed[place]) >= ALIKE]
    end = (alike or [expected])[0] + 1
    while end < len(printed) and chunk and not chunk[-1].strip() and not printed[end].strip():
        end += 1
    return end


def _place(line: str, printed: list[str], start: int) -> int:
    """The line of what is printed that is most like one shown."""
    best = max(range(start, len(printed)), key=lambda place: _likeness(line, printed[place]), default=start)
    if best >= len(printed) or _likeness(line, printed[best]) < ALIKE:
        raise WrongPage(f"nothing like {line.strip()!r} is printed any more; mend the page by hand")
    return best


def _likeness(one: str, other: str) -> float:
    """How much two lines have in common, 0 to 1; numbers count little."""
    one, other = (re.sub(r"[\d.]+", "0", " ".join(text.split())) for text in (one, other))
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


@dataclass(frozen=True)
class Run:
    """What a command printed, its exit code, and the files that it wrote."""

    text: str
    code: int
    files: dict[str, bytes]


class Runs:
    """Commands that ran; the same command with the same files runs once, whichever page it is on."""

    def __init__(self) -> None:
        """No command ran."""
        self._runs: dict[tuple, Run] = {}

    def of(self, text: str, folder: Path) -> Run:
        """Run a command in a folder, or repeat what it did elsewhere."""
        key = (text, *_inputs(text, folder))
        if key in self._runs:
            for name, content in self._runs[key].files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)
        else:
            before = _states(folder)
            printed, code = execute(text, folder)
            changed = [name for name, state in _states(folder).items() if before.get(name) != state]
            self._runs[key] = Run(printed, code, {name: (folder / name).read_bytes() for name in changed})
        return self._runs[key]


def _states(folder: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def _inputs(text: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Name and digest of each file that a text names, itself or by its folder, or that such a file names."""
    names, texts, used = set(_states(folder)), [text], set()
    while texts:
        words = set(re.split(r"[\s=:,'\"{}]+", texts.pop())) - {""}
        for name in sorted(names - used):
            if name in words or any(name.startswith(f"{word.rstrip('/')}/") for word in words):
                used.add(name)
                content = (folder / name).read_bytes()
                yield name, hashlib.sha256(content).hexdigest()
                if len(content) < 100_000 and b"\0" not in content:
                    texts.append(content.decode("utf-8", "replace"))


def execute(text: str, folder: Path) -> tuple[str, int]:
    """What a command prints, and its exit code."""
    words = shlex.split(text.partition("<<")[0], comments=True)
    match words:
        case ["twinhop", *arguments]:
            target = arguments.pop() if ">" in arguments and arguments[-2] == ">" else None
            printed, code = run_twinhop([each for each in arguments if each != ">"], folder)
            if target:
                (folder / target).write_text(printed, encoding="utf-8")
            return ("" if target else printed), code
        case ["make", target]:
            return _make(target, folder)
        case ["python", script, *_] if (ROOT / script).is_file():
            return "", 0  # of the repository: its own tests run it
        case ["pip", "install", what] if extra := re.fullmatch(r"\.\[(\w+)\]", what):
            project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
            return "", 0 if extra[1] in project["optional-dependencies"] else 1
        case [program, *_] if program in SHELL:
            done = subprocess.run(["bash", "-c", text], cwd=folder, capture_output=True, text=True, timeout=60)
            return done.stdout + done.stderr, done.returncode
    raise WrongPage(f"no way to run {text.splitlines()[0]!r}; docs/_ext/outputs.py knows what can be run")


def run_twinhop(arguments: list[str], folder: Path) -> tuple[str, int]:
    """What `twinhop` prints on both outputs, as the program does, in this process; and its exit code."""
    from typer.testing import CliRunner

    from twinhop.cli.main import app
    from twinhop.errors import TwinhopError

    said: list[str] = []
    with contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *_, **__: said.append(f"twinhop: warning: {message}\n")
        done = CliRunner(env={"COLUMNS": str(WIDTH), "NO_COLOR": "1"}).invoke(app, arguments)
    if isinstance(done.exception, TwinhopError):
        return f"{''.join(said)}{done.output}twinhop: {done.exception}\n", 2
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return "".join(said) + done.output, done.exit_code


def _make(target: str, folder: Path) -> tuple[str, int]:
    """What the lines of a target of the Makefile print that call twinhop or echo; the others are not for pages."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)*)", makefile, re.MULTILINE)
    if recipe is None:
        return f"make: no target {target}", 2
    printed = []
    for line in recipe[1].splitlines():
        if line.startswith("\t@echo "):
            printed.append(shlex.split(line)[1] + "\n")
        elif line.startswith("\t@$(BIN)/twinhop "):
            text, code = run_twinhop(shlex.split(line)[1:], folder)
            printed.append(text)
            if code:
                return "".join(printed), code
    return "".join(printed), 0


def _runs(block: Block, slow: bool) -> bool:
    if block.note.startswith("needs "):
        return importlib.util.find_spec(block.note.removeprefix("needs ")) is not None
    return block.note != "not run" and (slow or block.note != "slow")


class Session:
    """A page in an empty folder."""

    def __init__(self, page: str, folder: Path, runs: Runs) -> None:
        """Nothing of the page has been done."""
        self.page, self.folder, self.runs = page, folder, runs
        self.code = 0

    def outputs(self, slow: bool) -> Iterator[tuple[Block, list[tuple[Command, list[str]]]]]:
        """Do what the page does, block by block.

        Args:
            slow: whether blocks marked as slow run too.

        Yields:
            Each block of commands, with what each of them printed.
        """
        for block in blocks_of(self.page):
            if not _runs(block, slow):
                self._read(block)
            elif block.file:
                (self.folder / block.file).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / block.file).write_text(block.text, encoding="utf-8")
            elif block.language in ("sh", "console"):
                yield block, [(command, self._run(command, block)) for command in commands_of(block)]
            elif block.language == "python":
                with contextlib.chdir(self.folder), contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(block.text, f"<line {block.line} of the page>", "exec"), {"__name__": "page"})

    def _run(self, command: Command, block: Block) -> list[str]:
        """What a command prints; one that fails has to be followed by `echo $?`."""
        if command.text == "echo $?":
            code, self.code = self.code, 0
            return [str(code)]
        self._check_code(block)
        run = self.runs.of(command.text, self.folder)
        self.code = run.code
        following = block.text.partition(command.text)[2]
        if run.code and "$ echo $?" not in following:
            raise WrongPage(f"line {block.line}: {command.text} ends with {run.code}:\n{run.text}")
        return tidy(run.text)

    def _read(self, block: Block) -> None:
        """See that commands that do not run have the names and options that they are shown with."""
        for command in commands_of(block) if block.language in ("sh", "console") else ():
            program, *arguments = shlex.split(command.text, comments=True)
            said, code = run_twinhop([*arguments, "--help"], self.folder) if program == "twinhop" else ("", 0)
            if code:
                raise WrongPage(f"line {block.line}: {command.text}:\n{said}")

    def _check_code(self, block: Block) -> None:
        if self.code:
            raise WrongPage(f"line {block.line}: a command before ended with {self.code}")


def session(path: Path, folder: Path, runs: Runs) -> Session:
    """A page of the repository, as a session.

    Pages of the documentation may import data sets that are no part of the repository: small files stand in for them.
    README makes all its files.
    """
    if path.name != "README.md":
        stand_ins.write(folder)
    return Session(path.read_text(encoding="utf-8"), folder, runs)


def mistakes(page: Session, slow: bool) -> list[str]:
    """What a page shows and its commands do not print, in words."""
    result = []
    for block, done in page.outputs(slow):
        for command, printed in done:
            if block.language == "console" and not agrees(tidy("\n".join(command.shown)), printed):
                differences = difflib.unified_diff(command.shown, printed, "the page", "the command", lineterm="", n=1)
                result.append(f"line {block.line}: $ {command.text}\n" + "\n".join(differences))
    return result


def rewritten(page: Session, slow: bool) -> tuple[str, list[str]]:
    """The page with what its commands print today, and what could not be put in place."""
    changes, failures = [], []
    for block, done in page.outputs(slow):
        if block.language == "console":
            lines = []
            for command, printed in done:
                shown = tidy("\n".join(command.shown))
                try:
                    new = command.shown if agrees(shown, printed) else refreshed(shown, printed)
                except WrongPage as error:
                    failures.append(f"line {block.line}: {error}")
                    new = command.shown
                lines += ["$ " + command.text.replace("\n", "\n> "), *new]
            changes.append((block, "\n".join(lines) + "\n"))
    text = page.page
    for block, new in reversed(changes):
        text = text[: block.start] + new + text[block.start + len(block.text) :]
    return text, failures


def main() -> int:
    """Rewrite, or with --check compare, the pages named on the command line."""
    parser = argparse.ArgumentParser(description="Put what commands print today into the pages that show it.")
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE", help="README.md, docs/...; all without one")
    parser.add_argument("--fast", action="store_true", help="leave blocks marked as slow as they are")
    parser.add_argument("--check", action="store_true", help="change nothing; say what differs")
    asked = parser.parse_args()
    runs, wrong = Runs(), 0
    for path in asked.pages or pages():
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            try:
                todo = session(path, Path(folder), runs)
                if asked.check:
                    new, said = page, mistakes(todo, not asked.fast)
                else:
                    new, said = rewritten(todo, not asked.fast)
            except Exception as error:  # a page that stops keeps no other from being written
                new, said = page, [str(error) if isinstance(error, WrongPage) else f"{type(error).__name__}: {error}"]
        for words in said:
            print(f"{path}: {words}", file=sys.stderr)
        wrong += len(said)
        if new != page:
            path.write_text(new, encoding="utf-8")
            print(f"rewrote {path}")
    return 1 if wrong else 0


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "Agg")
    sys.exit(main())
