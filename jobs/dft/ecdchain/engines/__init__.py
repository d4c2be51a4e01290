"""Engines: what computes. A new one is a class with the methods of Engine, in this folder or in a file of
yours (--engine path/to/file.py, which defines a class named Engine)."""
import importlib
import importlib.util
import os

from ..base import USAGE, ChainError
from ..settings import Key

__all__ = ['Engine', 'Key', 'load']

BUILT_IN = ('gpaw', 'vasp')


class Engine:
    """The interface. settings: {key: value} of the engine's section.

    Folders are new and empty, and a calculation may write anything into its own. Atoms are ASE's, stresses
    have ASE's sign and order (GPa, positive under tension, xx yy zz yz xz xy). A calculation that fails or
    has not converged raises EngineError with a reason that fits into a table; other exceptions are taken as
    mistakes of the engine."""

    name = ''            # section of the settings, prep.code of the datasets
    keys = ()            # settings.Key of that section
    gives_tensor = False  # the elastic stage calls stiffness() once, not strained() for each strain

    def __init__(self, settings):
        self.settings = settings

    def check(self):
        """EngineError if a program or a file is missing that every calculation needs."""

    def check_structure(self, atoms):
        """EngineError if this engine or its settings have nothing for an element."""

    def record(self):
        """Makes the settings those that chain.ini gets and jobs read in another folder and environment: paths
        absolute, what the environment says put in. ChainError if they name what is not there."""

    def method(self, stage):
        """{name: value} of what results depend on: results with different methods are not mixed."""
        return dict(self.settings)

    def data_sets(self, atoms):
        """{name: value}: what belongs to the method of these elements alone, such as their POTCARs."""
        return {}

    def relax(self, atoms, what, folder):
        """Relaxed Atoms and {name: value} to record (energy_ev, stress_gpa, ...). what: 'cell', 'sites', or
        'none': one calculation of the structure as it is. The value of 'hints', any JSON, is given to the
        stages that follow."""
        raise NotImplementedError

    def last_structure(self, folder):
        """Atoms that a killed or unconverged relaxation has come to, None if it has come nowhere."""
        return None

    def static(self, atoms, hints, folder):
        """Writes the fields in folder. {'density': 'CHGCAR', 'elf': 'ELFCAR', ...}: names of files that
        ecdnet prep reads (VASP layout), and what else is to be recorded. 'plus' names a file that is to be
        added to the density. Files that are missing or cut off make the stage fail."""
        raise NotImplementedError

    def strained(self, atoms, reference, relax_sites, hints, folder):
        """{'stress_gpa': 6 numbers, 'energy_ev': ...} of a deformed cell; reference: the undeformed one,
        which fixes k-points and the like."""
        raise NotImplementedError

    def stiffness(self, atoms, relax_sites, hints, folder):
        """{'stiffness': 6 x 6, 'unit': 'GPa', 'order': 'voigt' or 'vasp'}, as ecdnet elastic takes them."""
        raise NotImplementedError


def load(name):
    """(class, name to record) of a built-in engine or of a Python file."""
    if name in BUILT_IN:
        return importlib.import_module(f'{__name__}.{name}').Engine, name
    if not name.endswith('.py'):
        raise ChainError(f"no engine '{name}' (there are: {', '.join(BUILT_IN)}, and any Python file)", USAGE)
    path = os.path.abspath(name)
    spec = importlib.util.spec_from_file_location('ecdchain_engine', path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return module.Engine, path
    except Exception as error:
        reason = f'{type(error).__name__}: {error}'
        raise ChainError(f'{name}: no engine can be loaded: {reason}', USAGE) from error
