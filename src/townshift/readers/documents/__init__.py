"""Documents of the field as plain text: notes, transcripts, policy papers, pages, captions of recordings."""
