# Variance components given covariates by fitting constants (Henderson's method 3), with R's lm and explicit matrices, and
# by REML with lme4 for orientation. Run in this folder: Rscript make.R  (needs jsonlite and lme4)
suppressMessages({library(jsonlite); library(lme4)})

one <- function(design, within, covariates, condition, cluster = "school_id", stratum = NULL) {
  d <- read.csv(file.path("..", design, "data.csv"), colClasses = "character")
  num <- function(v) suppressWarnings(as.numeric(v))
  d$y <- num(d$y)
  for (x in covariates) d[[x]] <- num(d[[x]])
  d <- d[complete.cases(d[, c("y", covariates)]), ]
  d$class <- factor(switch(within, all = rep("1", nrow(d)), condition = d[[condition]], stratum = d[[stratum]],
                           condition_stratum = paste(d[[condition]], d[[stratum]], sep = "|")))
  d$group <- factor(paste(d$class, d[[cluster]], sep = "|"))
  classes <- if (nlevels(d$class) > 1) "class" else "1"
  parts <- function(x) {
    rhs <- paste(c(classes, x), collapse = " + ")
    small <- lm(as.formula(paste("y ~", rhs)), d)
    # Groups first would alias nothing of interest: only the residual sums of squares are used.
    large <- lm(as.formula(paste("y ~", paste(c("group", x), collapse = " + "))), d)
    a <- anova(small, large)
    df_b <- a$Df[2]; df_w <- large$df.residual
    msb <- a$`Sum of Sq`[2] / df_b; msw <- deviance(large) / df_w
    X <- model.matrix(small); X <- X[, !is.na(coef(small)), drop = FALSE]
    Z <- model.matrix(~ group - 1, d)
    n0 <- (sum(Z^2) - sum(qr.fitted(qr(X), Z) * Z)) / df_b
    list(msb = msb, msw = msw, df_between = df_b, df_within = df_w, n0 = n0, between = (msb - msw) / n0,
         icc = (msb - msw) / (msb + (n0 - 1) * msw))
  }
  plain <- parts(character(0)); left <- parts(covariates)
  reml <- lmer(as.formula(paste("y ~", paste(c(classes, covariates), collapse = " + "), "+ (1 | group)")), d)
  v <- as.data.frame(VarCorr(reml))$vcov
  list(design = design, within = within, covariates = covariates, condition = condition, cluster = cluster, stratum = stratum,
       n = nrow(d), groups = nlevels(d$group), plain = plain, adjusted = left,
       r2_between = 1 - left$between / plain$between, r2_within = 1 - left$msw / plain$msw, reml_icc = v[1] / sum(v))
}

rows <- list(
  one("s02_unequal_sizes", "condition", "x", "arm"),
  one("s02_unequal_sizes", "all", c("x", "female"), "arm"),
  one("s03_three_arm", "condition", "x", "arm"),
  one("s07_cuped", "condition", c("x", "female"), "arm"),
  one("s08_strata_nested", "stratum", "x", "arm", stratum = "stratum"),
  one("s08_strata_nested", "condition_stratum", c("x", "female"), "arm", stratum = "stratum"),
  one("s09_strata_crossing", "condition_stratum", "x", "treat", stratum = "grade"),
  one("s02_unequal_sizes", "condition", c("x", "treat"), "arm"),
  one("s02_unequal_sizes", "all", c("x", "treat"), "arm")
)
write(toJSON(list(software = paste(R.version.string, "lme4", packageVersion("lme4")), rows = rows), digits = NA, auto_unbox = TRUE,
             null = "null", pretty = TRUE), "reference.json")
