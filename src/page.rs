//! A rule's page: documentation, help text and test in one file.
