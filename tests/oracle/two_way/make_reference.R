# Makes crossed.csv and reference.json: two-way cluster-robust variances from sandwich.
# Run `Rscript make_reference.R` in this folder, with sandwich and jsonlite; then make_pyfixest.py.
suppressMessages({library(sandwich); library(jsonlite)})
RNGversion("4.2.0"); set.seed(20240917)

# Pupils by teacher (cluster) and district (stratum), sparsely crossed; conditions by pupil, with weights and a covariate.
n <- 480
d <- data.frame(student_id = seq_len(n), teacher = paste0("t", sample(1:26, n, TRUE, prob = 1:26)),
                district = paste0("d", sample(1:13, n, TRUE, prob = 13:1)))
d$arm <- c("a", "b", "c")[(as.integer(factor(d$teacher)) + as.integer(factor(d$district)) + sample(0:1, n, TRUE)) %% 3 + 1]
d$x <- round(rnorm(n) + 0.6 * rnorm(26)[as.integer(factor(d$teacher))], 3)
d$w <- round(runif(n, 0.2, 3), 3)
d$y <- round(50 + 2 * (d$arm == "b") - 1 * (d$arm == "c") + 3 * d$x + 2 * rnorm(26)[as.integer(factor(d$teacher))] +
             3 * rnorm(13)[as.integer(factor(d$district))] + rnorm(n, sd = 6), 3)
write.csv(d, "crossed.csv", row.names = FALSE, quote = FALSE)

# Likeness within teacher and district that cancels over each teacher and each district: one eigenvalue is negative, and
# for the outcome z both are.
sign <- function(t, d) ifelse((t + d) %% 2 == 0, 1, -1)
m <- expand.grid(arm = c("a", "b", "c"), i = 1:2, teacher = 1:6, district = 1:6, stringsAsFactors = FALSE)
own <- rnorm(6, sd = 3)
e <- 4 * sign(m$teacher, m$district)
m$y <- round(10 + (m$arm == "b") + ifelse(m$arm == "c", own[m$teacher], ifelse(m$arm == "b", -e, e)) + rnorm(nrow(m)), 3)
m$z <- round(10 + (m$arm == "b") + ifelse(m$arm == "a", 0, ifelse(m$arm == "b", -e, e)) + rnorm(nrow(m), sd = 0.3), 3)
m$student_id <- seq_len(nrow(m)); m$teacher <- paste0("t", m$teacher); m$district <- paste0("d", m$district); m$x <- 0; m$w <- 1
write.csv(m[, c("student_id", "teacher", "district", "arm", "x", "w", "y", "z")], "negative.csv", row.names = FALSE, quote = FALSE)

read <- function(path) read.csv(path, na.strings = "", stringsAsFactors = FALSE)
out <- list(made_by = paste("R", getRversion(), "sandwich", packageVersion("sandwich")))
one <- function(fit, d, a, b, terms) {
  v <- function(type, cadjust) {
    v <- vcovCL(fit, cluster = d[, c(a, b)], type = type, cadjust = cadjust, fix = FALSE)[terms, terms, drop = FALSE]
    e <- eigen(v, symmetric = TRUE)
    list(V = v, fixed = e$vectors %*% diag(pmax(e$values, 0), length(terms)) %*% t(e$vectors), negative = any(e$values < 0))
  }
  list(terms = terms, est = unname(coef(fit)[terms]),
       groups = c(length(unique(d[[a]])), length(unique(d[[b]])), nrow(unique(d[, c(a, b)]))),
       CR0 = v("HC0", FALSE), CR1 = v("HC0", TRUE), CR1S = v("HC1", TRUE))
}
d <- read("crossed.csv")
out$crossed <- one(lm(y ~ arm, d), d, "teacher", "district", c("armb", "armc"))
out$crossed_ancova <- one(lm(y ~ arm + x, d), d, "teacher", "district", c("armb", "armc"))
out$crossed_weights <- one(lm(y ~ arm + x, d, weights = w), d, "teacher", "district", c("armb", "armc"))
d$xc <- d$x - mean(d$x)
out$crossed_lin <- one(lm(y ~ arm * xc, d), d, "teacher", "district", c("armb", "armc"))
m <- read("negative.csv")
out$negative <- one(lm(y ~ arm, m), m, "teacher", "district", c("armb", "armc"))
m <- m[m$arm != "c", ]
out$negative_one <- one(lm(z ~ arm, m), m, "teacher", "district", "armb")
for (pair in list(c("s09_strata_crossing", "grade"), c("s08_strata_nested", "stratum"))) {
  d <- read(file.path("..", pair[1], "data.csv"))
  d <- d[complete.cases(d[, c("y", "treat", "x")]), ]
  out[[pair[1]]] <- one(lm(y ~ treat, d), d, "school_id", pair[2], "treat")
  out[[paste0(pair[1], "_ancova")]] <- one(lm(y ~ treat + x, d), d, "school_id", pair[2], "treat")
}
write(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE, matrix = "rowmajor"), "reference.json")
for (k in names(out)[-1]) cat(k, out[[k]]$groups, eigen(out[[k]]$CR1S$V)$values, signif(out[[k]]$est, 4), signif(sqrt(diag(as.matrix(out[[k]]$CR1S$fixed))), 4), "\n")
