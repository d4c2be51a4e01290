"""postproc/report.py on synthetic output folders: page, figures, numbers, formula NaN, and every kind of bad
input."""
import base64
import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import numpy as np

HERE = Path(__file__).resolve().parent
REPORT = HERE.parents[1] / 'postproc' / 'report.py'
sys.path[:0] = [str(HERE), str(REPORT.parent)]
HOME = tempfile.TemporaryDirectory()
os.environ['MPLCONFIGDIR'] = HOME.name + '/matplotlib'
from ecdreport import density, parity, plots, text  # noqa: E402
from ecdreport.classes import material_class  # noqa: E402
from ecdreport.cli import main  # noqa: E402
from ecdreport.runs import Prediction  # noqa: E402
from make_run import (make_bench, make_dataset, make_embedding, make_ensemble, make_external,  # noqa: E402
                      make_forest, make_maps, make_prediction, make_run, write_log)
VOID = {'meta', 'img', 'br', 'link', 'hr'}


class Page(HTMLParser):
    """Checks that tags nest; collects images, table rows (text, data-value) and all text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.images, self.rows, self.links, self.ids = [], [], [], [], []
        self.text = ''
        self.feed(text)
        self.close()
        assert self.open == [], f'unclosed: {self.open}'

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if 'id' in attributes:
            self.ids.append(attributes['id'])
        if tag == 'img':
            self.images.append(attributes)
        if tag == 'a':
            self.links.append(attributes['href'])
        if tag == 'tr':
            self.rows.append([])
        if tag in ('td', 'th') and self.rows:
            self.rows[-1].append(['', attributes.get('data-value')])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f'</{tag}> closes {self.open[-1:]}'
        self.open.pop()

    def handle_data(self, data):
        self.text += data
        if 'td' in self.open or 'th' in self.open:
            self.rows[-1][-1][0] += data


class ReportTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        root = Path(HOME.name)
        cls.root = root
        os.chdir(root)
        make_dataset(root / 'dataset.h5')
        make_run(root / 'a' / 'net', 'dataset.h5')
        make_run(root / 'b' / 'net', 'dataset.h5', epochs=1, target='shear', ranks=4)
        make_run(root / 'unfinished', 'dataset.h5', epochs=3, finished=False)
        make_prediction(root / 'predicted', root / 'a' / 'net')
        cls.good = cls.call('a/net', 'b/net', 'predicted', '-o', 'out/page.html')
        cls.html = (root / 'out/page.html').read_text(encoding='utf-8') if cls.good[0] == 0 else ''

    @classmethod
    def tearDownClass(cls):
        os.chdir('/')
        HOME.cleanup()

    @classmethod
    def call(cls, *arguments):
        """Exit code, stdout, stderr; in this process, which is much faster."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(list(map(str, arguments)))
            except SystemExit as stop:
                code = stop.code
        return code, out.getvalue(), err.getvalue()

    def copy(self, change):
        """A copy of a good run with one thing changed, and without a dataset; the report's answer to it."""
        folder = self.root / 'broken'
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root / 'a' / 'net', folder)
        deck = (folder / 'deck.yaml').read_text()
        (folder / 'deck.yaml').write_text(deck.replace('dataset.h5', 'elsewhere.h5'))
        change(folder)
        return self.call('broken', '-o', 'broken.html')

    def refused(self, answer, *words):
        code, _, stderr = answer
        self.assertEqual(code, 3, stderr)
        for word in words:
            self.assertIn(word, stderr)
        self.assertFalse((self.root / 'broken.html').exists())

    def test_page_is_whole(self):
        self.assertEqual(self.good[0], 0, self.good[2])
        page = Page(self.html)
        self.assertGreaterEqual(len(page.images), 8)
        for image in page.images:
            self.assertTrue(image['alt'])
            media, data = re.fullmatch(r'data:image/(png|svg\+xml);base64,(.+)', image['src']).groups()
            start = b'\x89PNG' if media == 'png' else b'<?xml'
            self.assertTrue(base64.b64decode(data, validate=True).startswith(start))
        self.assertEqual(len(page.ids), len(set(page.ids)))
        for link in page.links:
            self.assertIn(link.removeprefix('#'), page.ids)
        self.assertNotRegex(self.html, r'(?:src|href|url)\s*[=(]\s*["\']?(?:https?:)?//')
        self.assertNotIn('@import', self.html)
        self.assertNotIn('<script', self.html)

    def test_figures_are_files(self):
        folder = self.root / 'out' / 'page_figures'
        names = {'learning-a-net', 'learning-b-net', 'parity-a-net-and-b-net', 'parity-predicted', 'clouds',
                 'slices', 'timings'} | ({'surfaces'} if density.marching_cubes else set())
        self.assertEqual({p.name for p in folder.iterdir()},
                         {f'{name}.{kind}' for name in names for kind in ('pdf', 'png')})
        for path in folder.iterdir():
            start = b'%PDF' if path.suffix == '.pdf' else b'\x89PNG'
            self.assertTrue(path.read_bytes().startswith(start), path)

    def test_numbers_are_those_of_metrics_json(self):
        metrics = json.loads((self.root / 'a/net/metrics.json').read_text())
        rows = [row for row in Page(self.html).rows if len(row) == 8][1:]
        self.assertEqual([row[3][0] for row in rows[:4]], ['training', 'validation', 'held out', 'all'])
        for row, split in zip(rows, ('train', 'validation', 'test', 'all')):
            for (shown, value), key in zip(row[4:], ('r2', 'rmse', 'mae', 'n')):
                if metrics[split][key] is None:
                    self.assertEqual((shown, value), ('–', ''))
                    continue
                self.assertEqual(float(value), metrics[split][key])
                self.assertAlmostEqual(float(shown.replace('−', '-')), metrics[split][key], delta=0.006)

    def test_timings(self):
        """Four ranks were twice as fast as one: half the speed a core. Exchange is a seventh of a step."""
        rows = [[cell for cell, _ in row] for row in Page(self.html).rows if row[0][0] in ('a/net', 'b/net')]
        self.assertIn(['a/net', '1 × 2', '6', '104', '100', '85.7', '10.5'], rows)
        self.assertIn(['b/net', '4 × 2', '1', '202', '49', '85.7', '1.8'], rows)
        self.assertIn(['a/net', '3.0', '6.0', '1.5', '0.0'], rows)

    def test_validation(self):
        """Losses that are RMSE; of two equal validation losses the first is the model's; an epoch that was
        not timed does not count."""
        def change(folder):
            write_log(folder / 'train.jsonl', 5, more=lambda k: {
                'error': 'rmse', 'validation_loss': [50, 40, 30, 30, 60][k - 1],
                'samples_per_s': None if k == 4 else 100 + k})
        self.assertEqual(self.copy(change)[0], 0)
        page = Page((self.root / 'broken.html').read_text('utf-8'))
        self.assertIn('broken: root mean square error after each epoch; the model is that of epoch 3',
                      page.text)
        self.assertIn('Validation samples did not train', page.text)
        self.assertIn(['broken', '1 × 2', '5', '102'], [[cell for cell, _ in row[:4]] for row in page.rows])
        (self.root / 'broken.html').unlink()
        self.refused(self.copy(lambda folder: write_log(folder / 'train.jsonl', 2, more=lambda k: {
            'error': 'mse'})), 'train.jsonl:1', "'mse'")

    def test_curves_of_older_versions(self):
        """Neither validation samples, nor what the losses are, nor ranks."""
        log = [{'epoch': k, 'train_loss': 1, 'test_loss': 2} for k in (1, 2)]
        axes = plots.learning_curves([log], 'bulk').axes[0]
        self.assertEqual([line.get_label() for line in axes.get_lines()], ['training', 'held out'])
        self.assertIn('mean absolute error', axes.get_ylabel())
        self.assertIsNone(plots.best_epoch(log))

    def test_learning_curves(self):
        self.assertIn('the model is that of epoch 4, with the lowest validation loss', self.html)
        self.assertIn('mean absolute error after each epoch', self.html)

    def test_names_survive(self):
        page = Page(self.html)
        cells = [text for row in page.rows for text, _ in row]
        self.assertIn('NaN', cells)      # sodium nitride
        self.assertIn('Synthetic <run>', page.text)
        self.assertNotIn('<run>', self.html)
        self.assertIn('m-3, K = 360.0 GPa', page.text)

    def test_sample_without_target_is_left_out(self):
        self.assertIn(f'{8 if density.marching_cubes else 7} figures', self.good[1])
        cells = [text for row in Page(self.html).rows for text, _ in row]
        self.assertNotIn('a<b>&"c"', cells)

    def test_forest(self):
        """A run without epochs: no learning curve, no timings; its deck is trained with."""
        make_forest(self.root / 'forest', 'dataset.h5')
        page = self.texts('forest', '--figures', 'forest-figures')
        self.assertEqual({p.stem for p in (self.root / 'forest-figures').iterdir()} - {'surfaces'},
                         {'parity-forest', 'clouds', 'slices'})
        self.assertIn('networks: rf', page.text)
        self.assertIn('ecdnet train forest/deck.yaml', page.text)
        self.assertNotIn('Learning curves', page.text)

    def test_materials_are_chosen(self):
        code, _, stderr = self.call('a/net', '-o', 'chosen.html', '--materials', 'm-1,m,5')
        self.refused((code, '', stderr), 'no sample m, 5')
        page = self.texts('a/net', '--materials', 'm-1', '--threshold', '3', '--figures', 'pictures')
        self.assertIn('NaN (m-1', page.text)
        self.assertIn('pictures', page.text)
        self.assertTrue((self.root / 'pictures' / 'clouds.pdf').read_bytes().startswith(b'%PDF'))

    def test_dataset_is_optional(self):
        code, _, stderr = self.copy(lambda folder: None)
        self.assertEqual(code, 0, stderr)
        self.assertIn('dataset not found (elsewhere.h5)', stderr)
        page = (self.root / 'broken.html').read_text('utf-8')
        (self.root / 'broken.html').unlink()
        self.assertIn('dataset not found', Page(page).text)
        self.refused(self.call('a/net', '-o', 'broken.html', '--dataset', 'none.h5'), 'none.h5')

    def texts(self, *arguments):
        """The page of a call that must work; its figures are drawn once and roughly, to save time."""
        def rough(figure, kind):
            if kind == 'png':
                figure.savefig(io.BytesIO(), format='png', dpi=15, bbox_inches='tight')
            return b'%PDF'
        with mock.patch('ecdreport.figures.rendered', rough):
            code, _, stderr = self.call(*arguments, '-o', 'page.html')
        self.assertEqual(code, 0, stderr)
        return Page((self.root / 'page.html').read_text('utf-8'))

    def test_ensemble_and_parents(self):
        make_ensemble(self.root / 'ensemble', 'dataset.h5')
        page = self.texts('ensemble', '--figures', 'ensemble-figures')
        self.assertIn('the 3 networks of ensemble', page.text)
        self.assertIn('cnn2d × 3', page.text)
        self.assertIn('magpie_cnn of ensemble', page.text)
        (self.root / 'ensemble' / 'metrics.json').unlink()
        self.refused(self.call('ensemble', '-o', 'broken.html'), 'ensemble has not finished', '--resume')

    def test_maps(self):
        make_maps(self.root / 'mapped' / 'maps' / 'maps.h5')
        page = self.texts('mapped', '--dataset', 'dataset.h5', '--figures', 'mapped-figures')
        self.assertIn('K2Sn (m-4, K = 7.3 GPa)', page.text)       # the softest first
        self.assertIn('predict.model=\'a <b>/model.h5\'', page.text)
        self.assertTrue((self.root / 'mapped-figures' / 'maps-mapped.pdf').exists())
        page = self.texts('mapped/maps/maps.h5', 'a/net', '--materials', 'm-6,m-1')
        self.assertIn('NaN (m-1, K = 34.8 GPa), GaN (m-6, K = 170.0 GPa). Left to right', page.text)
        page = self.texts('mapped', '--materials', 'm-6', '--figures', 'mapped-figures')   # no dataset
        self.assertIn('GaN (m-6). Left to right', page.text)
        for source in ('mapped', 'mapped/maps/maps.h5'):
            self.refused(self.call(source, '-o', 'broken.html', '--materials', 'm-6,m-x,m-y'),
                         'maps.h5: no sample m-x, m-y\n')
        self.refused(self.call('mapped', '-o', 'broken.html', '--materials', 'm-x', '--dataset',
                               'dataset.h5'), 'dataset.h5: no sample m-x\n')
        make_maps(self.root / 'few' / 'maps.h5', count=2)
        page = self.texts('few', '--dataset', 'dataset.h5', '--materials', 'm-6,m-1')
        self.assertIn('few/maps.h5 has no m-6.', page.text)
        self.assertIn('NaN (m-1, K = 34.8 GPa). Left to right', page.text)
        page = self.texts('few', '--dataset', 'dataset.h5', '--materials', 'm-6')
        self.assertNotIn('Left to right', page.text)
        shutil.copy(self.root / 'dataset.h5', self.root / 'mapped' / 'maps' / 'maps.h5')
        self.refused(self.call('mapped', '-o', 'broken.html'), 'maps.h5', 'ecdnet-dataset')
        make_maps(self.root / 'mapped' / 'maps' / 'maps.h5', count=0)
        self.refused(self.call('mapped', '-o', 'broken.html'), 'maps.h5', 'damaged')
        (self.root / 'mapped' / 'maps' / 'maps.h5').write_text('no HDF5')
        self.refused(self.call('mapped', '-o', 'broken.html'), 'maps.h5', 'damaged')

    def test_embedding(self):
        make_embedding(self.root / 'map' / 'embed')
        page = self.texts('map', 'a/net', '--figures', 'map-figures')
        rows = [[cell for cell, _ in row] for row in page.rows]
        self.assertIn(['N', '4', '2', '0.80', '0.25', '0.50', '0.25', '0.50'], rows)
        self.assertIn(['Magpie features', '132', '–', '0.970', '1000', '1.5'], rows)
        self.assertEqual({p.stem for p in (self.root / 'map-figures').glob('tsne*')},
                         {'tsne-map', 'tsne-map-magpie', 'tsne-map-volume'})
        folder = self.root / 'map' / 'embed'
        (folder / 'embedding.csv').write_text('id,formula,x\nm,NaN,1\n')
        self.refused(self.call('map', '-o', 'broken.html'), 'embedding.csv', 'NAME_x')
        (folder / 'embedding.csv').write_text('id,formula,a_x,a_y\nm,NaN,1,?\n')
        self.refused(self.call('map', '-o', 'broken.html'), 'embedding.csv: row 2', 'a_y', '?')
        (folder / 'embedding.csv').write_text('id,formula,a_x,a_y\nm,NaN,1\n')
        self.refused(self.call('map', '-o', 'broken.html'), 'row 2', 'expected 4 cells')
        (folder / 'embedding.csv').write_text('id,formula,a_x,a_y\nm,NaN,1,2\n')
        (folder / 'embed.json').write_text('[]')
        self.refused(self.call('map', '-o', 'broken.html'), 'embed.json', 'expected an object')
        (folder / 'embed.json').unlink()
        self.refused(self.call('map/embed', '-o', 'broken.html'), 'embed.json')

    def test_bench(self):
        make_bench(self.root / 'table')
        page = self.texts('table', '--figures', 'table-figures')
        rows = [[cell for cell, _ in row] for row in page.rows]
        self.assertIn(['modulus', 'n', 'RF+Magpie', '2D-CNN+ECD'], rows)
        self.assertIn(['bulk', '6', '−1.500 / 20.10.943 / 18.7', '0.910 / 19.00.912 / 23.4'], rows)
        self.assertIn(['shear', '6', '−1.500 / 20.10.943 / 18.7', '– (0 of 1)0.912 / 23.4'], rows)
        self.assertIn(['best of 2 rowsarticle: of 2', '12', '10'], rows)
        html = (self.root / 'page.html').read_text('utf-8')
        self.assertIn('<strong>0.910 / 19.0</strong><br><small>0.912', html)
        self.assertIn('<small><strong>0.943', html)
        self.assertIn(['bulk, RMSE', '21.00 ± 1.00', '20.00 ± 2.00'], rows)
        self.assertIn('1 trainings failed', page.text)
        self.assertIn('loss is not a number, <epoch> 3', page.text)
        self.assertIn(['2', '4', '1', '2', '3', '10.0', '16.0', '80.0'], rows)   # the farm's second call
        self.assertIn(['RF+Magpie', '2', '2.5', '2.5', '5.0'], rows)
        self.assertIn('Bench & <co>', page.text)
        self.assertIn('ecdnet bench table2.yaml -o output=table ', page.text)
        self.assertIn('Effective deck of net <1> in table', page.text)
        self.assertIn(['benchmark (table)', 'ecdnet 0.0.test'], rows)
        names = {p.stem for p in (self.root / 'table-figures').iterdir()}
        self.assertTrue({'scores-table', 'parity-table-rf', 'parity-table-net--1-', 'learning-table',
                         'farm-table'} <= names, names)

    def test_external(self):
        make_external(self.root / 'external')
        page = self.texts('external')
        self.assertIn('2 external materials; 3 dropped: 2 with more than 30 atoms, 1 in the training set too '
                      '(external/external-dropped.csv).', page.text)
        make_external(self.root / 'clean', dropped=())
        self.assertIn('2 external materials; none dropped.', self.texts('clean').text)
        (self.root / 'clean' / 'external-dropped.csv').write_text('id,formula\n')
        self.refused(self.call('clean', '-o', 'broken.html'), 'external-dropped.csv: line 1', 'reason')
        (self.root / 'clean' / 'external-dropped.csv').unlink()
        self.assertIn('2 external materials.', self.texts('clean').text)

    def test_missing_repeats(self):
        """Cells say how many of the repeats they have; their rows have no best mean absolute error."""
        make_external(self.root / 'partial')
        page = self.texts('partial')
        rows = [[cell for cell, _ in row] for row in page.rows]
        self.assertIn('(n of 3): only n repeats are finished', page.text)
        self.assertIn(['bulk', '6', '−1.500 / 20.1 (2 of 3)0.943 / 18.7',
                       '0.910 / 19.0 (2 of 3)0.912 / 23.4'], rows)
        self.assertIn(['bulk', '10.50 (2 of 3)', '9.00 (2 of 3)'], rows)
        self.assertIn(['bulk, RMSE', '21.00 ± 1.00 (2 of 3)', '20.00 ± 2.00 (2 of 3)'], rows)
        self.assertNotIn('<strong>9.00', (self.root / 'page.html').read_text('utf-8'))
        deck = self.root / 'partial' / 'deck.yaml'
        deck.write_text(deck.read_text().replace('repeats: 3', 'repeats: 2'))
        page = self.texts('partial')
        self.assertIn(['bulk', '10.50', '9.00'], [[cell for cell, _ in row] for row in page.rows])
        self.assertIn('<strong>9.00', (self.root / 'page.html').read_text('utf-8'))

    def test_farm(self):
        """A call that had nothing to train is none."""
        make_bench(self.root / 'farm')
        rows = [[cell for cell, _ in row] for row in self.texts('farm').rows]
        at = next(k for k, row in enumerate(rows) if row[0] == 'call')
        self.assertEqual(rows[at + 1:at + 3], [[k, '4', '1', '2', '3', '10.0', '16.0', '80.0'] for k in '12'])
        self.assertEqual(rows[at + 3][0], 'model')     # the next table
        idle = (self.root / 'farm' / 'farm.jsonl').read_text().splitlines()[1]
        (self.root / 'farm' / 'farm.jsonl').write_text(idle + '\n')
        text = self.texts('farm').text
        self.assertNotIn('busy, all groups', text)
        self.assertNotIn('Time in which each group', text)

    def test_command(self):
        make_bench(self.root / 'again')
        self.assertIn('further overrides (-o KEY=VALUE) are not recorded', self.texts('again').text)
        command = "ecdnet bench 'my decks/t.yaml' -o bench.repeats=2 -o 'title=a <b>'"
        (self.root / 'again' / 'command.txt').write_text(command + '\n')
        text = self.texts('again').text
        self.assertIn(f'mpirun -n RANKS {command}    # trainings that are there stay\n', text)
        self.assertNotIn('not recorded', text)

    def test_print(self):
        """On paper what is folded is shown: it is hidden on a screen alone, and is no part of <details>."""
        self.assertIn('@media screen { details:not([open]) + .folded { display: none; } }', self.html)
        self.assertIn('<summary>Largest errors</summary></details>\n<div class="folded"><div', self.html)
        self.assertIn('<summary>Effective deck of a/net</summary></details>\n<div class="folded"><pre>',
                      self.html)
        self.assertEqual(self.html.count('<details>'), self.html.count('</summary></details>'))
        self.assertEqual(self.html.count('display: none'), 3)   # nav and the triangle on paper, closed ones

    def test_bench_by_element(self):
        make_bench(self.root / 'loeo', ('F', 'Cl'))
        page = self.texts('loeo')
        rows = [[cell for cell, _ in row] for row in page.rows]
        self.assertIn(['Cl', 'bulk', '6', '−1.500 / 20.10.943 / 18.7', '0.910 / 19.00.912 / 23.4'], rows)
        self.assertIn('for each left-out element', page.text)
        self.assertEqual(len([row for row in rows if row[0] == 'halide']), 0)
        twice = ['pnictide', '4', '18.1', '22.2', '+18.1']    # GaN and NaN, for each element
        self.assertIn(twice, [row[:5] for row in rows])

    def test_unusable_bench(self):
        def change(name, text):
            shutil.rmtree(self.root / 'bad', ignore_errors=True)
            make_bench(self.root / 'bad')
            if text is None:
                (self.root / 'bad' / name).unlink()
            else:
                (self.root / 'bad' / name).write_text(text)
            return self.call('bad', '-o', 'broken.html')
        self.refused(change('tables/table2.csv', None), 'no tables yet', '--tables')
        self.refused(change('pieces.csv', None), 'pieces.csv')
        self.refused(change('tables/table2.csv', 'a,b\n'), 'table2.csv: line 1', 'element')
        self.refused(change('farm.jsonl', '{"ranks": 1}\n'), 'farm.jsonl:1', 'groups')
        self.refused(change('results/rf-bulk/metrics.json', '{}'), 'rf-bulk', 'missing')

    def test_dataset_alone(self):
        page = self.texts('dataset.h5', '--count', '9')
        self.assertIn('points', page.text)
        self.assertNotIn('Metrics', page.text)
        (self.root / 'prep').mkdir()
        shutil.copy(self.root / 'dataset.h5', self.root / 'prep' / 'dataset.h5')
        self.assertIn('NaN (m-1', self.texts('prep').text)

    def test_deck(self):
        """A deck stands for its output and its dataset; neither needs to be there alone."""
        deck = self.root / 'fig.yaml'
        deck.write_text('title: "Clouds <1>"\noutput: nowhere\ndata: {file: dataset.h5}\n')
        page = self.texts(deck, '--count', '1')
        self.assertIn('Clouds <1>', page.text)
        self.assertIn('Deck of nowhere', page.text)
        deck.write_text('output: a/net\n')
        self.assertIn('Metrics', self.texts(deck, '--count', '1').text)
        deck.write_text('output: nowhere\ndata: {file: none.h5}\n')
        self.refused(self.call(deck, '-o', 'broken.html'), 'fig.yaml', 'nowhere', 'none.h5')
        deck.write_text('a: [')
        self.refused(self.call(deck, '-o', 'broken.html'), 'fig.yaml', 'not a YAML deck')

    def test_hostile_values(self):
        """Infinite and missing predictions, one sample, losses that are not numbers, odd names."""
        rows = ['id,formula,split,target,predicted,uncertainty', 'm$1,$x_{2}$,test,1,nan,inf',
                '"<b>,""1",Mg2Si\\frac{1},test,1e300,inf,1', 'm3,,train,,2,', 'm4,NaN,test,-5,-4,']
        epochs = [{'epoch': 1, 'train_loss': None, 'test_loss': None, 'lr': 1, 'samples_per_s': None,
                   'seconds': {}}]

        def change(folder):
            (folder / 'predictions.csv').write_text('\n'.join(rows) + '\n')
            (folder / 'train.jsonl').write_text('\n'.join(map(json.dumps, epochs)) + '\n')
        code, _, stderr = self.copy(change)
        self.assertEqual(code, 0, stderr)
        page = Page((self.root / 'broken.html').read_text('utf-8'))
        self.assertIn('m4', [cell for row in page.rows for cell, _ in row])
        rows[1:] = []
        self.assertEqual(self.copy(change)[0], 0)
        self.assertIn('No sample with a known target', (self.root / 'broken.html').read_text('utf-8'))
        rows[1:] = ['m,NaN,test,3,3']
        rows[0] = 'id,formula,split,target,predicted'
        self.assertEqual(self.copy(change)[0], 0)
        (self.root / 'broken.html').unlink()
        odd = self.root / 'odd $x$ <i>'
        shutil.copytree(self.root / 'a' / 'net', odd)
        self.assertIn('odd $x$ <i>', self.texts(odd, 'a/net').text)

    def test_classes(self):
        for formula, name in (('K2PtCl6', 'halide'), ('BaOF', 'halide'), ('TiO2', 'oxide'),
                              ('PbTe', 'chalcogenide'), ('NaN', 'pnictide'), ('YH2', 'hydride'),
                              ('ZrC', 'carbide, silicide, boride'), ('K2Sn', 'metal, intermetallic'),
                              ('', 'other'), ('Xx2', 'other')):
            self.assertEqual(material_class(formula).name, name, formula)

    def test_measures(self):
        points = [Prediction('m', 'NaN', 'test', *pair) for pair in ((1, 2), (3, 3), (5, 2))]
        m = parity.measures(points)
        self.assertEqual((m['n'], round(m['mae'], 9), round(m['bias'], 9)), (3, 1.333333333, -0.666666667))
        self.assertAlmostEqual(m['r2'], 1 - 10 / 8)
        self.assertEqual(parity.measures([])['n'], 0)

    def test_clouds_and_surfaces(self):
        volume = np.zeros((10, 10, 10))
        volume[0, 0, 0], volume[5, 5, 5] = 4, 2
        indices, values, threshold = density.cloud_points(volume, 1.0)
        self.assertEqual(indices.tolist(), [[0, 0, 0], [5, 5, 5]])
        self.assertEqual((values.tolist(), threshold), ([4, 2], 1.0))
        self.assertEqual(density.surface_levels(np.zeros((4, 4, 4)), 'density'), [])
        self.assertEqual(density.surface_levels(volume / 4, 'elf'), [0.8, 0.5])
        self.assertEqual(density.surface_levels(volume / 6, 'elf'), [0.5])
        if density.marching_cubes:
            # A sphere of radius 2 A around the middle of a cell of 10 A: the vertices lie on it.
            at = (np.indices((20, 20, 20)) / 20 - 0.5) * 10
            found = density.surface(np.sqrt((at ** 2).sum(axis=0)), 2.0, 10 * np.eye(3))
            radius = np.linalg.norm(found.reshape(-1, 3) - 5, axis=1)
            self.assertLess(abs(radius - 2).max(), 0.05)

    def test_texts(self):
        self.assertEqual(text.subscripted('Mg2Si0.5$'), 'Mg$_{2}$Si$_{0.5}$\\$')
        self.assertEqual(text.literal('a $x$\nb'), 'a \\$x\\$ b')

    def test_script(self):
        """As a program, without a display."""
        plain = {key: value for key, value in os.environ.items() if key not in ('DISPLAY', 'MPLBACKEND')}
        done = subprocess.run([sys.executable, str(REPORT), 'missing'], capture_output=True, text=True,
                              check=False, env=plain)
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertIn('missing', done.stderr)

    def test_usage(self):
        for arguments in ([], ['--what'], ['a/net', '--count', '0'], ['a/net', '--threshold', 'nan']):
            code, _, stderr = self.call(*arguments)
            self.assertEqual(code, 2)
            self.assertIn('usage:', stderr)
        self.assertEqual(self.call('--help')[0], 0)

    def test_unusable_folders(self):
        self.refused(self.call('missing', '-o', 'broken.html'), 'missing', 'nothing')
        self.refused(self.call('a/net/metrics.json', '-o', 'broken.html'), 'found a file')
        self.refused(self.call('a/net/model.h5', '-o', 'broken.html'), 'found a file', 'ecdnet-model')
        self.refused(self.call('a', '-o', 'broken.html'), 'nothing of ecdnet in it')
        self.refused(self.call('unfinished', '-o', 'broken.html'), 'has not finished', '3 epochs',
                     '--resume')
        self.refused(self.call('a/net', 'a/../a/net', '-o', 'broken.html'), 'twice')
        self.refused(self.copy(lambda f: (f / 'predictions.csv').unlink()), 'predictions.csv missing')

    def test_damaged_files(self):
        def write(name, text):
            return lambda folder: (folder / name).write_text(text)
        self.refused(self.copy(write('metrics.json', '{"test": {')), 'metrics.json', 'damaged')
        self.refused(self.copy(write('metrics.json', '{"test": {"r2": 1}, "target": "bulk"}')),
                     'metrics.json', 'rmse missing')
        self.refused(self.copy(write('metrics.json', '[]')), 'metrics.json', 'damaged')
        self.refused(self.copy(write('predictions.csv', 'id,formula\n')), 'predictions.csv: line 1')
        self.refused(self.copy(write('predictions.csv', 'id,formula,split,target,predicted\n'
                                     'm,NaN,test,1,2\nm,NaN,test,x,2\n')), 'row 3', "'x'")
        self.refused(self.copy(write('predictions.csv', 'id,formula,split,target,predicted\nm,NaN\n')),
                     'row 2', 'found 2')
        self.refused(self.copy(write('train.jsonl', '{"epoch": 1')), 'train.jsonl:1')
        self.refused(self.copy(write('train.jsonl', '{"epoch": 1}')), 'train_loss missing')
        self.refused(self.copy(write('train.jsonl', '')), 'no epoch')
        self.refused(self.copy(write('deck.yaml', 'a: [')), 'deck.yaml')
        self.refused(self.copy(write('deck.yaml', 'word')), 'deck.yaml', 'expected a deck')
        self.refused(self.copy(write('model.h5', 'no HDF5')), 'model.h5')

    def test_damaged_dataset(self):
        shutil.copy(self.root / 'a/net/model.h5', self.root / 'foreign.h5')
        self.refused(self.call('a/net', '-o', 'broken.html', '--dataset', 'foreign.h5'),
                     'expected an ecdnet dataset', 'ecdnet-model')
        data = bytearray((self.root / 'dataset.h5').read_bytes())
        at = len(data) // 3
        data[at:at + 12000] = bytes(255 - b for b in data[at:at + 12000])
        (self.root / 'corrupt.h5').write_bytes(data)
        self.refused(self.call('a/net', '-o', 'broken.html', '--dataset', 'corrupt.h5'), 'corrupt.h5')


if __name__ == '__main__':
    unittest.main()
