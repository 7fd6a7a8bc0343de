"""The product: servers' snapshots, operations on them and the audit log. It never imports the site around it."""
