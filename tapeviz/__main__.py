"""``python -m tapeviz`` is the command ``tapeviz``."""

from tapeviz.cli import main

raise SystemExit(main())
