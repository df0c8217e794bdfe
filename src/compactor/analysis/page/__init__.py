"""The report as one HTML file that needs nothing else: no request, no installed font, no server.

`document` puts it together; `tables` and `text` make its parts, everything from outside escaped; `report.css`,
`report.js` and uPlot (`uplot/`, with its licence and checksums) are written into it.
"""
