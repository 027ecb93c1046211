"""Export: adapter and merged model, cards and manifest, behind the gate."""
