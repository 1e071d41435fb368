"""Fitting the tagger of personal data (`anxin.corpus.personal.tagger`)."""
