"""Texts in figures: matplotlib reads $...$ as mathematics."""


def literal(text):
    """A text as it is, on one line."""
    return ' '.join(str(text).replace('$', r'\$').split())


def subscripted(formula):
    """Mg2Si with its digits low."""
    parts, digits = [], ''
    for character in formula + ' ':
        if character.isdecimal() and character.isascii() or (character == '.' and digits):
            digits += character
            continue
        if digits:
            parts.append(f'$_{{{digits}}}$')
            digits = ''
        parts.append(r'\$' if character == '$' else character)
    return ''.join(parts).rstrip()


def shortened(text, length=24):
    return text if len(text) <= length else text[:length - 1] + '…'
