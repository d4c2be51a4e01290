"""postproc/report.py on synthetic runs: page, figures, numbers, formula NaN, and every kind of bad input."""
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

HERE = Path(__file__).resolve().parent
REPORT = HERE.parents[1] / 'postproc' / 'report.py'
sys.path[:0] = [str(HERE), str(REPORT.parent)]
HOME = tempfile.TemporaryDirectory()
os.environ['MPLCONFIGDIR'] = HOME.name + '/matplotlib'
from ecdreport.cli import main  # noqa: E402
from ecdreport import plots  # noqa: E402
from ecdreport.runs import load_run  # noqa: E402
from make_run import make_dataset, make_forest, make_prediction, make_run, make_validated  # noqa: E402
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
        make_run(root / 'b' / 'net', 'dataset.h5', epochs=1)
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
        """A copy of a good run with one thing changed; the report's answer to it."""
        folder = self.root / 'broken'
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root / 'a' / 'net', folder)
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
        self.assertGreaterEqual(len(page.images), 7)
        for image in page.images:
            self.assertTrue(image['alt'])
            media, data = re.fullmatch(r'data:image/(png|svg\+xml);base64,(.+)', image['src']).groups()
            start = b'\x89PNG' if media == 'png' else b'<?xml'
            self.assertTrue(base64.b64decode(data, validate=True).startswith(start))
        self.assertEqual(len(page.ids), len(set(page.ids)))
        for link in page.links:
            self.assertIn(link.removeprefix('#'), page.ids)
        self.assertNotIn('src="http', self.html)

    def test_figures_are_files(self):
        folder = self.root / 'out' / 'page_figures'
        names = {f'{kind}-{run}-net' for kind in ('learning', 'parity') for run in 'ab'}
        names |= {'parity-predicted', 'densities', 'timings'}
        self.assertEqual({p.name for p in folder.iterdir()},
                         {f'{name}.{kind}' for name in names for kind in ('pdf', 'png')})
        for path in folder.iterdir():
            start = b'%PDF' if path.suffix == '.pdf' else b'\x89PNG'
            self.assertTrue(path.read_bytes().startswith(start), path)

    def test_numbers_are_those_of_metrics_json(self):
        metrics = json.loads((self.root / 'a/net/metrics.json').read_text())
        rows = [row for row in Page(self.html).rows if len(row) == 8][1:]
        self.assertEqual([row[3][0] for row in rows[:3]], ['training', 'held out', 'all'])
        for row, split in zip(rows, ('train', 'test', 'all')):
            for (text, value), key in zip(row[4:], ('r2', 'rmse', 'mae', 'n')):
                self.assertEqual(float(value), metrics[split][key])
                self.assertAlmostEqual(float(text.replace('−', '-')), metrics[split][key], delta=0.006)

    def test_timings(self):
        rows = [row for row in Page(self.html).rows if row[0][0] in ('a/net', 'b/net') and len(row) == 8
                and row[1][0] in '61']
        self.assertEqual([[text for text, _ in row[1:]] for row in rows],
                         [['6', '104', '3.0', '6.0', '1.5', '0.0', '10.5'],
                          ['1', '101', '0.5', '1.0', '0.2', '0.0', '1.8']])

    def test_names_survive(self):
        page = Page(self.html)
        cells = [text for row in page.rows for text, _ in row]
        self.assertIn('NaN', cells)      # sodium nitride
        self.assertIn('Synthetic <run>', page.text)
        self.assertNotIn('<run>', self.html)
        self.assertIn('m-3, K = 360.0 GPa', page.text)

    def test_sample_without_target_is_left_out(self):
        self.assertIn('7 figures', self.good[1])
        cells = [text for row in Page(self.html).rows for text, _ in row]
        self.assertNotIn('a<b>&"c"', cells)

    def test_forest(self):
        """A run without epochs: no learning curve, no timings; its deck is trained with."""
        make_forest(self.root / 'forest', 'dataset.h5')
        code, out, stderr = self.call('forest', '-o', 'forest.html')
        self.assertEqual(code, 0, stderr)
        self.assertIn('2 figures', out)
        page = Page((self.root / 'forest.html').read_text('utf-8'))
        self.assertIn('(rf)', page.text)
        self.assertIn('ecdnet train forest/deck.yaml', page.text)
        self.assertNotIn('Learning curves, forest', page.text)

    def test_validation(self):
        """Curves, tables and texts with validation samples, beside a run of a version without them."""
        make_validated(self.root / 'validated', 'dataset.h5')
        code, _, stderr = self.call('a/net', 'validated', '-o', 'validated.html')
        self.assertEqual(code, 0, stderr)
        page = Page((self.root / 'validated.html').read_text('utf-8'))
        self.assertIn('Learning curves, net: mean absolute error after each epoch.', page.text)
        self.assertIn('validated: root mean square error after each epoch; the model is that of epoch 3.',
                      page.text)
        self.assertIn('Validation samples did not train', page.text)
        self.assertNotIn('Validation samples', Page(self.html).text)
        rows = [row for row in page.rows if len(row) == 8]
        names = [row[3][0] for row in rows]
        start = names.index('validation') - 1
        self.assertEqual(names[start:start + 4], ['training', 'validation', 'held out', 'all'])
        metrics = json.loads((self.root / 'validated/metrics.json').read_text())
        self.assertEqual([float(value) for _, value in rows[start + 1][4:]],
                         [metrics['validation'][key] for key in ('r2', 'rmse', 'mae', 'n')])
        timed = [row for row in page.rows if row[0][0] == 'validated' and row[1][0] == '5']
        self.assertEqual(timed[0][2][0], '102')     # median of four

    def test_validation_curves(self):
        make_validated(self.root / 'curves', 'dataset.h5', error='mae')
        old, new = load_run('a/net'), load_run('curves')
        self.assertEqual((old.loss, old.best_epoch, new.loss, new.best_epoch), ('mae', None, 'mae', 3))
        labels = {}
        for run in (old, new):
            axes = plots.learning_curves(run).axes[0]
            labels[run.folder.name] = [line.get_label() for line in axes.get_lines()]
            self.assertIn('mean absolute error', axes.get_ylabel())
        self.assertEqual(labels, {'net': ['training', 'held out'],
                                  'curves': ['training', 'validation', 'held out', 'epoch of the model']})
        shown = plots.parity(new).axes[0].get_legend_handles_labels()[1]
        self.assertEqual(shown, ['training (1)', 'validation (2)', 'held out (2)'])

        def rename(folder):
            text = (folder / 'train.jsonl').read_text()
            (folder / 'train.jsonl').write_text(text.replace('"lr"', '"error": "mse", "lr"'))
        self.refused(self.copy(rename), 'train.jsonl:1', "'mse'")

    def test_materials_are_chosen(self):
        code, _, stderr = self.call('a/net', '-o', 'chosen.html', '--materials', 'm-1,m,5')
        self.refused((code, '', stderr), 'no sample m, 5')
        code, _, stderr = self.call('a/net', '-o', 'chosen.html', '--materials', 'm-1')
        self.assertEqual(code, 0, stderr)
        self.assertIn('NaN (m-1', Page((self.root / 'chosen.html').read_text('utf-8')).text)

    def test_dataset_is_optional(self):
        def move(folder):
            text = (folder / 'deck.yaml').read_text()
            (folder / 'deck.yaml').write_text(text.replace('dataset.h5', 'elsewhere.h5'))
        code, _, stderr = self.copy(move)
        self.assertEqual(code, 0, stderr)
        self.assertIn('dataset not found (elsewhere.h5)', stderr)
        page = (self.root / 'broken.html').read_text('utf-8')
        (self.root / 'broken.html').unlink()
        self.assertIn('dataset not found', Page(page).text)
        self.refused(self.call('a/net', '-o', 'broken.html', '--dataset', 'none.h5'), 'none.h5')

    def test_script(self):
        done = subprocess.run([sys.executable, str(REPORT), 'missing'], capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertIn('missing', done.stderr)

    def test_usage(self):
        for arguments in ([], ['--what'], ['a/net', '--count', '0']):
            code, _, stderr = self.call(*arguments)
            self.assertEqual(code, 2)
            self.assertIn('usage:', stderr)
        self.assertEqual(self.call('--help')[0], 0)

    def test_unusable_folders(self):
        self.refused(self.call('missing', '-o', 'broken.html'), 'missing', 'nothing')
        self.refused(self.call('dataset.h5', '-o', 'broken.html'), 'a file')
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
