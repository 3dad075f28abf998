"""Hard negatives: captions made false by the words that the analyser reads, and surely false of what is annotated. See `draw`."""
