"""Reads a ledger, books it first in, first out as beancount does, and prints what each sale
took of each lot: the transaction's narration, the account, the lot's day, units, cost."""

import sys

from beancount import loader
from beancount.core import data

entries, errors, _ = loader.load_file(sys.argv[1])
for error in errors:
    print(error.message, file=sys.stderr)
if errors:
    sys.exit(1)
for entry in entries:
    if not isinstance(entry, data.Transaction) or entry.narration == "in":
        continue
    for posting in entry.postings:
        if posting.cost is not None:
            units = -posting.units.number
            print(
                entry.narration,
                posting.account,
                posting.cost.date,
                units,
                units * posting.cost.number,
            )
