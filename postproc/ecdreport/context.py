"""What the sections of the page work from."""
import math
from dataclasses import dataclass, field

from .figures import FigureStore
from .html import escape, formula

SPLIT_NAMES = {'train': 'training', 'validation': 'validation', 'test': 'held out',
               'none': 'not in the training', 'all': 'all'}


@dataclass
class Report:
    sources: list                 # of Source
    labels: list                  # a unique short name for each
    dataset: object               # Dataset or None
    dataset_note: str             # why there is none, or ''
    figures: FigureStore
    command: list                 # the command line of this report
    materials: list = field(default_factory=list)   # ids asked for
    count: int = 4                # materials to show otherwise
    threshold: float = None       # of the clouds; None: a share of the points
    said: set = field(default_factory=set)

    def named(self, part='run'):
        """(label, part) of all sources that have it: run, bench, embedding, maps."""
        return [(label, getattr(source, part)) for label, source in zip(self.labels, self.sources)
                if getattr(source, part) is not None]

    @property
    def runs(self):
        return [run for _, run in self.named()]

    def first_time(self, what):
        """Whether this is asked for the first time."""
        new = what not in self.said
        self.said.add(what)
        return new

    def bulk_moduli(self):
        """{id: GPa} of what dataset and predictions know."""
        known = {}
        for _, run in self.named():
            if run.target == 'bulk':
                known.update((p.id, p.target) for p in run.part('all'))
        if self.dataset is not None:
            known.update((i, float(v)) for i, v in zip(self.dataset.ids, self.dataset.bulk)
                         if not math.isnan(v))
        return known


def slug(label):
    """For the name of a figure's file."""
    return ''.join(c if c.isascii() and c.isalnum() or c in '-_' else '-' for c in label)


def material_name(text, name, moduli=''):
    return f'{formula(text)} ({escape(name)}{moduli})'
