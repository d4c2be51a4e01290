"""Material classes: what a compound is named by.

A compound belongs to the first class of CLASSES of which it contains an element, so to the class of its
anion: halides before oxides (oxyhalides and K2PtCl6 are halides), oxides before chalcogenides, and so on.
Antimonides and bismuthides count as pnictides, full Heusler compounds with Si or Ge as silicides. What has
none of these elements is a metal or an intermetallic compound; a text that is no formula is 'other'.
"""
import re
from dataclasses import dataclass

from .elements import SYMBOLS


@dataclass(frozen=True)
class MaterialClass:
    name: str
    elements: tuple   # one of which must occur
    colour: str       # of the Okabe-Ito palette
    marker: str


CLASSES = (MaterialClass('halide', ('F', 'Cl', 'Br', 'I', 'At'), '#0072B2', 'o'),
           MaterialClass('oxide', ('O',), '#D55E00', 's'),
           MaterialClass('chalcogenide', ('S', 'Se', 'Te', 'Po'), '#E69F00', '^'),
           MaterialClass('pnictide', ('N', 'P', 'As', 'Sb', 'Bi'), '#009E73', 'D'),
           MaterialClass('carbide, silicide, boride', ('C', 'Si', 'Ge', 'B'), '#CC79A7', 'v'),
           MaterialClass('hydride', ('H',), '#F0E442', 'p'),
           MaterialClass('metal, intermetallic', (), '#56B4E9', 'P'))
OTHER = MaterialClass('other', (), '#999999', 'X')
ALL = (*CLASSES, OTHER)


def elements_of(formula):
    """Symbols in a formula, without amounts."""
    return set(re.findall(r'[A-Z][a-z]?', formula))


def material_class(formula):
    found = elements_of(formula)
    if not found or not found <= set(SYMBOLS):
        return OTHER
    return next(c for c in CLASSES if not c.elements or found & set(c.elements))
