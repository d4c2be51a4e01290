"""python -m ecdchain: what chain.sh starts."""
import sys

from .commands import main

sys.exit(main())
