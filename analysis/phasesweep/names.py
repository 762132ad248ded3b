"""Keys of job files and the symbols of the papers."""

# as doc/theory.md writes them; Python keeps the word lambda for itself
SYMBOLS = {"n": "samples", "d": "dimension", "gamma": "source_exponent", "Delta": "noise",
           "lambda_": "weight_decay", "lambda": "weight_decay", "lambda_tilde": "nuclear_weight", "p": "width"}


def key_of(name):
    """The key that a symbol stands for; keys stay.

    >>> key_of("n"), key_of("samples")
    ('samples', 'samples')
    """
    return SYMBOLS.get(name, name)
