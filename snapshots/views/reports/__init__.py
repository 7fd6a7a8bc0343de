"""View models of the monthly report: what each section shows, made of what snapshots/audit/reporting has counted."""
