"""The word reader: CRNN-CTC in Keras 3, trained on rendered words; the command `recognizer`."""
