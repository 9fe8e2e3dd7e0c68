//! One file per verb: the story of the verb, top to bottom.
