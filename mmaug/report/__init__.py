"""Pages that show what was done: `preview` shows rows before and after."""

from mmaug.report.preview import preview as preview
