"""Migration policies, one a file: each has a `KIND` and is named in `twinhop.migration.policy.POLICIES`."""
