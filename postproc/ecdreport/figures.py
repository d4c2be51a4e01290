"""Keeps every figure as PDF and PNG beside the page, and embeds it in the page."""
import base64
import io
from pathlib import Path

import matplotlib.pyplot as plt

from .html import escape

METADATA = {'pdf': {'CreationDate': None}, 'svg': {'Date': None}, 'png': {}}


class FigureStore:
    """Names must be unique; the folder is made with the first figure."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.names = []

    def add(self, figure, name, caption, alt, vector=True):
        """Saves and closes a figure; returns it as HTML. vector: drawn as SVG in the page (few marks),
        else as PNG (pictures)."""
        if name in self.names:
            raise ValueError(f'two figures named {name}')
        self.names.append(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        for kind in ('pdf', 'png'):
            figure.savefig(self.folder / f'{name}.{kind}', metadata=METADATA[kind], **TIGHT)
        image = io.BytesIO()
        kind = 'svg' if vector else 'png'
        figure.savefig(image, format=kind, metadata=METADATA[kind], **TIGHT)
        width = figure.get_figwidth()
        plt.close(figure)
        media = 'image/svg+xml' if vector else 'image/png'
        data = base64.b64encode(image.getvalue()).decode('ascii')
        return (f'<figure id="figure-{escape(name)}"><img style="width:{width * 96:.0f}px" '
                f'alt="{escape(alt)}" src="data:{media};base64,{data}">'
                f'<figcaption>{caption}</figcaption></figure>')


TIGHT = {'bbox_inches': 'tight', 'pad_inches': 0.05}
