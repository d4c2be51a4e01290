"""Colours and figure settings: the Okabe-Ito palette and cividis, both safe for colour-blind readers.
Whatever colour tells apart, a marker or dash tells apart too."""
import matplotlib

matplotlib.use('Agg')

TRAIN = '#56B4E9'     # light: many points, in the background
TEST = '#D55E00'      # strong: what counts
VALIDATION = '#009E73'
TRAIN_LINE = '#0072B2'
VALIDATION_LINE = '#009E73'
BACKGROUND = '#B8BEC4'
DIAGONAL = '#444444'
PHASES = ('#0072B2', '#56B4E9', '#E69F00', '#009E73', '#CC79A7', '#999999', '#F0E442')
HATCHES = ('', '///', '', '...', '', 'xx', '')
MODELS = (('#0072B2', 'o'), ('#E69F00', 's'), ('#009E73', '^'), ('#D55E00', 'D'), ('#CC79A7', 'v'),
          ('#56B4E9', 'P'), ('#000000', 'X'))
DENSITY_MAP = 'cividis'
CLOUD_MAP = 'viridis_r'   # on white: large values dark
SURFACES = ('#D55E00', '#56B4E9')   # inner, outer
SE_MAP = 'cividis'
MODULUS_MAP = 'viridis'

PARAMETERS = {
    'font.family': 'DejaVu Sans', 'font.size': 9.0, 'axes.titlesize': 10.0, 'axes.labelsize': 9.5,
    'axes.spines.top': False, 'axes.spines.right': False, 'axes.linewidth': 0.8,
    'axes.titlelocation': 'left', 'axes.titleweight': 'bold',
    'legend.frameon': False, 'legend.fontsize': 8.5, 'xtick.labelsize': 8.5, 'ytick.labelsize': 8.5,
    'lines.linewidth': 1.6, 'figure.dpi': 100, 'savefig.dpi': 180, 'hatch.linewidth': 0.6,
    'pdf.fonttype': 42, 'svg.fonttype': 'path', 'svg.hashsalt': 'ecdnet',
}


def apply():
    matplotlib.rcParams.update(PARAMETERS)
