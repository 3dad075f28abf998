"""Everything that mmaug raises on purpose.

    MmaugError (a ValueError)
    ├── SchemaError     a schema is wrong, or a row does not have what its schema says
    │   └── RowError    one row is wrong: which field, what must hold, what was got
    ├── PolicyError     a policy is wrong: an unknown op, a value out of range, an unknown key
    ├── PlanError       a plan is used where it does not belong
    ├── RuleError       an op changes something and no rule says what that means for a field
    └── ConflictError   on_conflict="raise" and a step would have been dropped

A message says where, what must hold, what was got, and what to do.
"""

from __future__ import annotations


class MmaugError(ValueError):
    """Any error that mmaug raises on purpose."""


class SchemaError(MmaugError):
    """A schema is wrong, or does not fit the data."""


class RowError(SchemaError):
    """One row does not hold what its schema says."""


class PolicyError(MmaugError):
    """A policy, or an op in it, is wrong."""


class PlanError(MmaugError):
    """A plan is used on something it was not made for."""


class RuleError(MmaugError):
    """No rule says what an op's effect means for a field that follows."""


class ConflictError(MmaugError):
    """A step would make a pair false, and on_conflict is "raise"."""
