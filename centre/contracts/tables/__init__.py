"""Tables as files, in and out: CSV as Excel in China writes and reads it, and XLSX."""
