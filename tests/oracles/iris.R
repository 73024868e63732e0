# Oracle for reading SAS data: Fisher's iris as R holds it, and as a file that SAS wrote.
# Run:  Rscript iris.R   (writes iris.csv and iris.sas7bdat.gz)
#
# The SAS file is the example of the R package haven (MIT licence); haven's own reader has the last
# word on what it holds.

suppressPackageStartupMessages(library(haven))
path <- system.file("examples", "iris.sas7bdat", package = "haven")
held <- as.data.frame(read_sas(path))
stopifnot(all.equal(as.matrix(held[, 1:4]), as.matrix(iris[, 1:4]), check.attributes = FALSE))

cat(sprintf("# %s; haven %s; written %s by iris.R\n", R.version.string, packageVersion("haven"), Sys.Date()),
    file = "iris.csv")
suppressWarnings(write.table(held, "iris.csv", append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
packed <- gzfile("iris.sas7bdat.gz", "wb", compression = 9)
writeBin(readBin(path, "raw", file.size(path)), packed)
close(packed)
