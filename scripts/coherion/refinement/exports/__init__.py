"""A refinement as the input of other programs: diffpy.pdffit2 (the engine of PDFgui) and TOPAS."""
