"""Imports at their first use, also where a workflow engine looks at every import."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Any


def passed_through() -> AbstractContextManager[Any]:
    """Within, a package is imported as the process has it, and not once more for each workflow.

    Temporal carries a workflow out in a sandbox that loads modules anew and refuses what they might do at that; its
    own way to say that a module does no harm is asked for here, if it is there. Ours do none: they hold no state of
    a run, and read no clock, file or network once they are loaded.
    """
    workflow = sys.modules.get('temporalio.workflow')
    unsafe = getattr(workflow, 'unsafe', None)
    return nullcontext() if unsafe is None else unsafe.imports_passed_through()
