"""How complete the last months are, and what they will hold."""
