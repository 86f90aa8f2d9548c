"""The live page: what a viewer sees of a set, and the small server that hands it to browsers."""
