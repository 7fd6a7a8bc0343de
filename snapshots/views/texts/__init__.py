"""The sentences that people read, one module for each subject. No rules and no markup."""
