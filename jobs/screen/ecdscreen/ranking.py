"""From predictions to a ranked list, and from that to the materials that are verified."""
import os

from ecdchain import structures
from ecdchain.base import USAGE, ChainError, EngineError

from .files import number

GOALS = ('high', 'low', 'uncertain')
COLUMNS = ('rank', 'id', 'formula', 'predicted_gpa', 'uncertainty_gpa', 'score', 'choice')
CHOSEN = 'chosen'
SAME_VOLUME = 0.02          # relative, an atom: candidates nearer than this are one material


def score(goal, kappa, predicted, uncertainty):
    """The larger, the better: the modulus, its negative, or how near it is to the number that is the goal,
    plus kappa uncertainties."""
    if goal == 'uncertain':
        return uncertainty
    value = {'high': predicted, 'low': -predicted}.get(goal)
    if value is None:
        value = -abs(predicted - float(goal))
    return value + (kappa * uncertainty if kappa else 0.0)


def rank(predictions, goal, kappa):
    """Rows of ranked.csv, best first, none of them chosen yet. predictions: rows of predictions.csv."""
    has_spread = bool(predictions) and bool(predictions[0].get('uncertainty'))
    if not has_spread and (kappa or goal == 'uncertain'):
        raise ChainError('--goal uncertain and --kappa want uncertainties: a forest (model.kind: rf) or an '
                         'ensemble (train.ensemble)', USAGE)
    rows = []
    for row in predictions:
        predicted, spread = number(row['predicted']), number(row.get('uncertainty', ''))
        rows.append({'id': row['id'], 'formula': row['formula'], 'predicted_gpa': predicted,
                     'uncertainty_gpa': '' if spread is None else spread,
                     'score': score(goal, kappa, predicted, spread), 'choice': ''})
    rows.sort(key=lambda row: (-row['score'], row['id']))
    for place, row in enumerate(rows, 1):
        row['rank'] = place
    return rows


class Chooser:
    """Decides, from the best on, which candidates are verified; all that it leaves out gets a reason."""

    def __init__(self, model, training, candidates, engine, max_atoms):
        self.model, self.training, self.candidates = model, training, candidates
        self.engine, self.max_atoms = engine, max_atoms
        self.taken = []                 # (id, composition and space group, volume of an atom)

    def choose(self, rows, top):
        """Sets row['choice'] until top are chosen. [(row, atoms)] of these."""
        chosen = []
        for row in rows:
            if len(chosen) == top:
                break
            try:
                atoms = self.candidates.atoms(row['id'])
                row['choice'] = self._reason(row['id'], atoms) or CHOSEN
            except ChainError as error:
                row['choice'] = f'no structure: {error}'
            if row['choice'] == CHOSEN:
                chosen.append((row, atoms))
        return chosen

    def _reason(self, name, atoms):
        """Why not; '' if it can be verified."""
        if not structures.good_id(name):
            return 'its id has characters other than letters, digits and ._+-'
        if name in self.model.trained:
            return 'the model was trained on it'
        if self.max_atoms and len(atoms) > self.max_atoms:
            return f'{len(atoms)} atoms'
        same = self.training.same(atoms)
        if same:
            return f'known: formula and space group of {same} in the training set'
        kind = (atoms.get_chemical_formula('metal', empirical=True), structures.space_group(atoms))
        volume = atoms.cell.volume / len(atoms)
        for other, other_kind, other_volume in self.taken:
            if kind == other_kind and abs(volume / other_volume - 1) < SAME_VOLUME:
                return f'the same material as {other}'
        try:
            self.engine.check_structure(atoms)
        except EngineError as error:
            return f'engine {self.engine.name}: {error}'
        self.taken.append((name, kind, volume))
        return ''


def write_structures(folder, chosen):
    """folder/ID.vasp of each; those of an earlier choice stay."""
    os.makedirs(folder, exist_ok=True)
    for row, atoms in chosen:
        path = os.path.join(folder, f'{row["id"]}.vasp')
        if not os.path.exists(path):
            structures.write_poscar(path + '.new', atoms, row['id'])
            os.replace(path + '.new', path)
