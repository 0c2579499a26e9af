"""The corruptions of machine translation and of spinning: one module a family, one function a type."""
