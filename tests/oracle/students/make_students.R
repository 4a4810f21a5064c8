# estimatr: blocked differences in means, and Lin's estimator with HC2. Run in this folder: Rscript make_students.R > students.json
suppressMessages({library(estimatr); library(jsonlite)})
s08 <- read.csv("../s08_strata_nested/data.csv"); s09 <- read.csv("../s09_strata_crossing/data.csv"); s01 <- read.csv("../s01_balanced_2arm/data.csv")
b08 <- difference_in_means(y ~ treat, blocks = stratum, data = s08)
b09 <- difference_in_means(y ~ treat, blocks = grade, data = s09)
w01 <- difference_in_means(y ~ treat, data = s01)
l01 <- lm_lin(y ~ treat, ~ x, data = s01, se_type = "HC2")
pick <- function(m, i = 1) list(estimate = unname(m$coefficients[i]), se = unname(m$std.error[i]), df = unname(m$df[i]), p = unname(m$p.value[i]))
cat(toJSON(list(software = paste("R", getRversion(), "estimatr", packageVersion("estimatr")), s08 = pick(b08), s09 = pick(b09), s01 = pick(w01),
    s01_lin = pick(l01, 2)), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
