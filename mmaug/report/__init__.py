"""Pages that show what was done: `preview` shows rows before and after, `search` what a search found."""

from mmaug.report.preview import preview as preview
from mmaug.report.search import search as search
