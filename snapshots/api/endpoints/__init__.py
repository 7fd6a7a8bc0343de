"""One module for each kind of thing: parse the request, call, answer. http.py has what they share."""
