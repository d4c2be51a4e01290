"""Keeps every figure as PDF and PNG beside the page, and embeds it in the page."""
import base64
import io
from pathlib import Path

import matplotlib.pyplot as plt

from .html import escape

METADATA = {'pdf': {'CreationDate': None}, 'svg': {'Date': None}, 'png': {}}


class FigureStore:
    """The folder is made with the first figure; a name that is taken gets a number."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.names = []

    def add(self, figure, name, caption, alt, vector=True):
        """Saves and closes a figure; returns it as HTML. vector: drawn as SVG in the page (few marks),
        else as PNG (pictures)."""
        name = self.unique(name)
        self.names.append(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind in ('pdf', 'png'):
            (self.folder / f'{name}.{kind}').write_bytes(rendered(figure, kind))
        image = rendered(figure, 'svg') if vector else (self.folder / f'{name}.png').read_bytes()
        width = figure.get_figwidth()
        plt.close(figure)
        media = 'image/svg+xml' if vector else 'image/png'
        data = base64.b64encode(image).decode('ascii')
        return (f'<figure id="figure-{escape(name)}"><img style="width:{width * 96:.0f}px" '
                f'alt="{escape(alt)}" src="data:{media};base64,{data}">'
                f'<figcaption>{caption}</figcaption></figure>')

    def unique(self, name):
        taken, found, k = {n.casefold() for n in self.names}, name, 2
        while found.casefold() in taken:
            found, k = f'{name}-{k}', k + 1
        return found


def rendered(figure, kind):
    image = io.BytesIO()
    figure.savefig(image, format=kind, metadata=METADATA[kind], **TIGHT)
    return image.getvalue()


TIGHT = {'bbox_inches': 'tight', 'pad_inches': 0.05}
