"""The doctor's checks on the side of the app: everything between the settings and a mailbox, and back."""
