# Makes reference.json: HC2 and HC3 where each row is a cluster of its own, from sandwich, estimatr and clubSandwich, and Neyman's
# variance as HC2 of the regression with a mean for each stratum and condition.
# Run `Rscript make_reference.R` in this folder, with sandwich, estimatr, clubSandwich and jsonlite.
suppressMessages({library(sandwich); library(estimatr); library(clubSandwich); library(jsonlite)})
read <- function(design, columns, n) {
  d <- read.csv(file.path("..", design, "data.csv"), na.strings = "", stringsAsFactors = FALSE)
  d <- d[complete.cases(d[, columns]), ]
  # Every k-th row, so that matrices of the size of the table are small; rows are numbered from 0.
  d[(seq_len(nrow(d)) - 1) %% (nrow(d) %/% n) == 0, ]
}
out <- list(made_by = paste("R", getRversion(), "sandwich", packageVersion("sandwich"), "estimatr", packageVersion("estimatr"),
                            "clubSandwich", packageVersion("clubSandwich")))
one <- function(formula, d, terms, weight = NULL) {
  d$id <- seq_len(nrow(d))
  d$w_ <- if (is.null(weight)) 1 else d[[weight]]
  m <- if (is.null(weight)) lm(formula, d) else lm(formula, d, weights = w_)
  club <- function(type, ...) {
    t <- coef_test(m, vcov = vcovCR(m, cluster = d$id, type = type, ...), test = "Satterthwaite")
    lapply(setNames(terms, terms), function(k) { r <- t[rownames(t) == k, ]; list(se = r$SE, df = r$df_Satt) })
  }
  estimatr <- function(type, ...) {
    r <- if (is.null(weight)) lm_robust(formula, d, se_type = type, ...) else lm_robust(formula, d, weights = w_, se_type = type, ...)
    lapply(setNames(terms, terms), function(k) list(se = unname(r$std.error[k]), df = unname(r$df[k])))
  }
  hc <- function(type) as.list(sqrt(diag(vcovHC(m, type)))[terms])
  found <- list(rows = nrow(d), est = as.list(coef(m)[terms]), HC2 = hc("HC2"), HC3 = hc("HC3"),
                estimatr_HC2 = estimatr("HC2"), estimatr_HC3 = estimatr("HC3"), estimatr_CR2 = estimatr("CR2", clusters = id),
                CR2 = club("CR2"), CR3 = club("CR3"))
  if (!is.null(weight)) {
    # Variances in inverse proportion to the weights. With inverse_var = TRUE clubSandwich has a shortcut to the degrees of freedom,
    # which gives others; without it they are those of the regression of rows times the root of their weight.
    found$CR2_inverse <- club("CR2", target = 1 / d$w_)
    found$CR3_inverse <- club("CR3", target = 1 / d$w_)
  }
  found
}
d <- read("s01_balanced_2arm", c("y", "treat", "x"), 200)
out$plain <- one(y ~ treat, d, "treat")
out$ancova <- one(y ~ treat + x + female, d, "treat")
d$xc <- d$x - mean(d$x)
out$lin <- one(y ~ treat * xc, d, "treat")
d <- read("s08_strata_nested", c("y", "treat", "x"), 200); d$s <- factor(d$stratum)
out$strata <- one(y ~ s + treat, d, "treat")
out$strata_ancova <- one(y ~ s + treat + x + female, d, "treat")
d <- read("s03_three_arm", c("y", "x"), 200); d$arm <- relevel(factor(d$arm), "control")
out$three <- one(y ~ arm + x, d, c("armA", "armB"))
d <- read("s10_weights", c("y", "treat", "x", "w"), 150); d$s <- factor(d$grade)
out$weights <- one(y ~ treat, d, "treat", "w")
out$weights_ancova <- one(y ~ treat + x, d, "treat", "w")
out$weights_strata_ancova <- one(y ~ s + treat + x, d, "treat", "w")

# All conditions at once.
d <- read.csv("../two_way/crossed.csv"); d <- d[seq(1, nrow(d), 3), ]; d$id <- seq_len(nrow(d))
m <- lm(y ~ arm + x, d, weights = w)
t <- Wald_test(m, constrain_zero(c("armb", "armc")), vcov = vcovCR(m, cluster = d$id, type = "CR2", target = 1 / d$w), test = "HTZ")
out$joint <- list(rows = nrow(d), F = t$Fstat, df_num = t$df_num, df_den = t$df_denom, p = t$p_val)

# Neyman's variance in strata.
for (pair in list(c("s08_strata_nested", "stratum"), c("s09_strata_crossing", "grade"))) {
  d <- read.csv(file.path("..", pair[1], "data.csv"))
  d$s <- factor(d[[pair[2]]])
  r <- lm_lin(y ~ treat, covariates = ~ s, data = d, se_type = "HC2")
  m <- model.matrix(~ s, d)[, -1]; m <- sweep(m, 2, colMeans(m))
  saturated <- lm(d$y ~ d$treat * m)
  out$neyman[[pair[1]]] <- list(est = unname(r$coefficients["treat"]), se = unname(r$std.error["treat"]),
                                se_sandwich = unname(sqrt(diag(vcovHC(saturated, "HC2")))["d$treat"]))
}
write(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE), "reference.json")
for (k in setdiff(names(out), c("made_by", "joint", "neyman"))) { o <- out[[k]]; t <- names(o$est)[1]
  cat(k, o$rows, "HC2", o$HC2[[t]], o$estimatr_HC2[[t]]$se, "CR2", o$CR2[[t]]$se, o$estimatr_CR2[[t]]$se, "inverse", o$CR2_inverse[[t]]$se,
      "\n   HC3", o$HC3[[t]], o$estimatr_HC3[[t]]$se, o$CR3[[t]]$se, o$CR3_inverse[[t]]$se,
      "\n   df CR2", o$CR2[[t]]$df, o$estimatr_CR2[[t]]$df, o$CR2_inverse[[t]]$df, "df CR3", o$CR3[[t]]$df, o$CR3_inverse[[t]]$df, "df HC2", o$estimatr_HC2[[t]]$df, "\n") }
str(out$neyman)
