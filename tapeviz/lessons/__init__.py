"""The lessons: where they are, and a learner's own copies of them."""
