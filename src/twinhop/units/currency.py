"""Names of currencies."""

#: A code or word has at most so many letters.
LONGEST_CURRENCY = 8
#: What a name of a currency is, for messages.
CURRENCY_FORM = "a code of letters such as EUR, or a sign such as €, without blanks"


def is_currency(text: str) -> bool:
    """Whether a text names a currency: up to eight letters, or one sign.

    >>> is_currency("EUR"), is_currency("€"), is_currency("E U R"), is_currency("12")
    (True, True, False, False)
    """
    if len(text) == 1 and not text.isalnum():
        return text.isprintable() and not text.isspace()
    return text.isalpha() and len(text) <= LONGEST_CURRENCY


def money_unit(currency: str) -> str:
    """The unit of an objective in money; empty without a currency.

    >>> money_unit("EUR"), money_unit("")
    ('EUR/month', '')
    """
    return f"{currency}/month" if currency else ""


def cost_number(value: float, unit: str = "", digits: int = 6, *, signed: bool = False) -> str:
    """A cost as a number: so many significant digits, but money of 1 and more to its hundredths.

    Args:
        value: of any sign; what is infinite stays so.
        unit: of money, or empty; see `money_unit`.
        digits: significant ones.
        signed: whether a plus is written.

    >>> cost_number(1234.5678), cost_number(1234567.891, "EUR/month"), cost_number(0.012, "EUR/month", signed=True)
    ('1234.57', '1234567.89', '+0.012')
    """
    sign = "+" if signed else ""
    return f"{value:{sign}.2f}" if unit and 1 <= abs(value) < float("inf") else f"{value:{sign}.{digits}g}"


def cost_in_words(value: float, unit: str = "", digits: int = 6, *, signed: bool = False) -> str:
    """A cost with its unit where that is money; see `cost_number`.

    >>> cost_in_words(1234.5678), cost_in_words(1234.5678, "EUR/month", 4)
    ('1234.57', '1234.57 EUR/month')
    """
    return with_unit(cost_number(value, unit, digits, signed=signed), unit)


def with_unit(text: str, unit: str) -> str:
    """A text and its unit, where it has one.

    >>> with_unit("cost", ""), with_unit("3", "EUR/month")
    ('cost', '3 EUR/month')
    """
    return f"{text} {unit}" if unit else text
