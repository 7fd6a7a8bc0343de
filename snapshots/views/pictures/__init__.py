"""Pictures of a server's history and of the log's activity: view models with plain numbers, drawn by templates/pictures/.

Horizontal positions are percentages and vertical ones are in em, so that a picture fits its place while its text stays as large
as the text around it. May be called by views.
"""
