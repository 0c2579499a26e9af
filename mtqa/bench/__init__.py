"""Is it any good: labelled data, metrics, and made corruptions to measure (and train) on."""
