# Makes zero.csv, unbalanced.csv and reference.json: random-intercept models by REML from lme4, with Kenward and Roger's standard
# errors and degrees of freedom from pbkrtest and Satterthwaite's from lmerTest.
# Run `Rscript make_reference.R` in this folder, with lme4, lmerTest, pbkrtest and jsonlite; then make_statsmodels.py.
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)})
RNGversion("4.2.0"); set.seed(20240923)

# Rows of a cluster are less alike than others: the variance between clusters is 0.
g <- rep(1:16, times = rep(c(4, 6, 8, 5), 4)); n <- length(g)
z <- data.frame(student_id = seq_len(n), school_id = paste0("s", g), treat = g %% 2)
z$x <- round(rnorm(n), 3)
e <- rnorm(n); e <- e - 0.9 * ave(e, g)
z$y <- round(20 + z$treat + 0.5 * z$x + 3 * e, 3)
write.csv(z, "zero.csv", row.names = FALSE, quote = FALSE)

# Clusters from 1 row to 60, three conditions, pairs of strata, a covariate with a part between clusters.
size <- c(1, 1, 2, 60, 3, 8, 21, 5, 13, 2, 34, 4, 9, 1, 17, 6, 25, 3, 11, 7, 2, 40, 5, 10)
g <- rep(seq_along(size), size); n <- length(g); k <- length(size)
u <- data.frame(student_id = seq_len(n), school_id = sprintf("s%02d", g), stratum = paste0("d", (g - 1) %/% 6),
                arm = c("a", "b", "c")[g %% 3 + 1])
u$x <- round(rnorm(n) + rnorm(k)[g], 3)
u$y <- round(100 + 3 * (u$arm == "b") + 5 * (u$arm == "c") + 4 * u$x + 5 * rnorm(k)[g] + 8 * rnorm(n), 3)
write.csv(u, "unbalanced.csv", row.names = FALSE, quote = FALSE)

read <- function(path) read.csv(path, na.strings = "", stringsAsFactors = FALSE)
# lme4's optimizer, then Newton's method with differences of the deviance over five points, then the fit at what it found.
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 1e-2, rhoend = 1e-10, maxfun = 1e5), check.conv.singular = "ignore")
fit_of <- function(formula, d) {
  theta <- unname(getME(suppressMessages(lmer(formula, d, REML = TRUE, control = tight)), "theta"))
  deviance <- do.call(mkLmerDevfun, lFormula(formula, d, REML = TRUE))
  if (theta > 1e-4) for (i in 1:6) {
    h <- 0.002 * theta
    f <- sapply(-2:2, function(k) deviance(theta + k * h))
    theta <- theta - h * (f[1] - 8 * f[2] + 8 * f[4] - f[5]) / (-f[1] + 16 * f[2] - 30 * f[3] + 16 * f[4] - f[5])
  }
  none <- tight; none$optimizer <- NULL
  suppressWarnings(lmer(formula, d, REML = TRUE, control = none, start = theta))
}
out <- list(made_by = paste("R", getRversion(), "lme4", packageVersion("lme4"), "pbkrtest", packageVersion("pbkrtest"),
                            "lmerTest", packageVersion("lmerTest")))
one <- function(formula, d, terms) {
  fit <- fit_of(formula, d)
  v <- as.data.frame(VarCorr(fit))$vcov
  vadj <- vcovAdj(fit)
  satt <- summary(fit, ddf = "Satterthwaite")$coefficients
  kr <- summary(fit, ddf = "Kenward-Roger")$coefficients
  names_of <- names(fixef(fit))
  list(between = v[1], within = v[2], icc = v[1] / sum(v), log_likelihood = as.numeric(logLik(fit)),
       clusters = length(unique(d$school_id)), rows = nrow(d),
       effects = lapply(setNames(terms, terms), function(t) {
         L <- as.numeric(names_of == t)
         list(est = unname(fixef(fit)[t]), se = unname(sqrt(vcov(fit)[t, t])),
              se_kr = sqrt(vadj[which(names_of == t), which(names_of == t)]), df_kr = Lb_ddf(L, vcov(fit), vadj),
              df_kr_lmerTest = unname(kr[t, "df"]), df_satterthwaite = unname(satt[t, "df"]), p_kr = unname(kr[t, "Pr(>|t|)"]))
       }))
}
for (design in c("s01_balanced_2arm", "s02_unequal_sizes", "s04_few_clusters_g6", "s08_strata_nested", "s09_strata_crossing")) {
  d <- read(file.path("..", design, "data.csv"))
  d <- d[complete.cases(d[, c("y", "treat", "x")]), ]
  out[[design]] <- one(y ~ treat + (1 | school_id), d, "treat")
  out[[paste0(design, "_ancova")]] <- one(y ~ treat + x + (1 | school_id), d, "treat")
  stratum <- c(s08_strata_nested = "stratum", s09_strata_crossing = "grade")[design]
  if (!is.na(stratum)) {
    d$s <- factor(d[[stratum]])
    out[[paste0(design, "_strata")]] <- one(y ~ s + treat + (1 | school_id), d, "treat")
    out[[paste0(design, "_strata_ancova")]] <- one(y ~ s + treat + x + (1 | school_id), d, "treat")
  }
}
d <- read("../s03_three_arm/data.csv"); d$arm <- relevel(factor(d$arm), "control")
out$s03_three_arm <- one(y ~ arm + (1 | school_id), d, c("armA", "armB"))
out$s03_three_arm_ancova <- one(y ~ arm + x + female + (1 | school_id), d, c("armA", "armB"))
d$xc <- d$x - mean(d$x)
out$s03_three_arm_lin <- one(y ~ arm * xc + (1 | school_id), d, c("armA", "armB"))
d <- read("unbalanced.csv")
out$unbalanced <- one(y ~ arm + (1 | school_id), d, c("armb", "armc"))
out$unbalanced_ancova <- one(y ~ arm + x + (1 | school_id), d, c("armb", "armc"))
out$unbalanced_strata_ancova <- one(y ~ stratum + arm + x + (1 | school_id), d, c("armb", "armc"))
d <- read("zero.csv")
out$zero <- one(y ~ treat + (1 | school_id), d, "treat")
out$zero_ancova <- one(y ~ treat + x + (1 | school_id), d, "treat")
# Real data: classes within schools, schools absorbed.
d <- read("../r01m_star_mlmrev/data.csv")
d <- d[complete.cases(d[, c("math", "arm", "teacher", "school", "free_lunch", "female")]), ]
d$arm <- relevel(factor(d$arm), "regular"); d$school <- factor(d$school); d$school_id <- d$teacher
out$star_strata_ancova <- one(math ~ school + arm + free_lunch + female + (1 | school_id), d, paste0("arm", setdiff(levels(d$arm), "regular")))
write(toJSON(out, digits = 17, auto_unbox = TRUE, pretty = TRUE), "reference.json")
for (k in names(out)[-1]) for (t in names(out[[k]]$effects)) with(out[[k]]$effects[[t]],
  cat(k, t, "between", signif(out[[k]]$between, 6), "est", signif(est, 5), "se", signif(se, 5), signif(se_kr, 5), "df", signif(df_kr, 6), signif(df_satterthwaite, 6), "\n"))
