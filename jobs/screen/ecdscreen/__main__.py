"""python -m ecdscreen: what screen.sh starts."""
import sys

from .commands import main

sys.exit(main())
