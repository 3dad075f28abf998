"""How annotations follow what happened to a picture or a recording, exactly."""
