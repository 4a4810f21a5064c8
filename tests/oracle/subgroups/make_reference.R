# Effects in segments and the test that they are equal, by R's lm and clubSandwich (CR2, Satterthwaite, HTZ).
# One regression with an intercept, an effect and slopes of its own for each segment; a cluster may have rows in several
# segments. Writes effects.csv and tests.csv. To make them again: Rscript make_reference.R in this folder.
suppressMessages(library(clubSandwich))
num <- function(v) ifelse(is.na(v), "", sprintf("%.17g", v))
cases <- list(
  list(id = "female",         design = "s01_balanced_2arm",  segment = quote(female)),
  list(id = "female_x",       design = "s01_balanced_2arm",  segment = quote(female), x = "x"),
  list(id = "four",           design = "s01_balanced_2arm",  segment = quote(student_id %% 4)),
  list(id = "four_x",         design = "s02_unequal_sizes",  segment = quote(student_id %% 4), x = "x"),
  list(id = "female",         design = "s02_unequal_sizes",  segment = quote(female)),
  list(id = "arms",           design = "s03_three_arm",      segment = quote(female), arms = TRUE),
  list(id = "arms_x",         design = "s03_three_arm",      segment = quote(student_id %% 3), arms = TRUE, x = "x"),
  list(id = "stratum",        design = "s08_strata_nested",  segment = quote(stratum)),
  list(id = "within_stratum", design = "s08_strata_nested",  segment = quote(female), stratum = "stratum", x = "x"),
  list(id = "crossing",       design = "s09_strata_crossing", segment = quote(year), stratum = "grade"),
  list(id = "crossing_x",     design = "s09_strata_crossing", segment = quote(year), stratum = "grade", x = "x"),
  list(id = "weights",        design = "s10_weights",        segment = quote(female), w = "w"),
  list(id = "weights_x",      design = "s10_weights",        segment = quote(student_id %% 3), w = "w", x = "x", stratum = "grade"),
  list(id = "cluster_weights", design = "s10_weights",       segment = quote(grade), w = "w_cl")
)
effects <- tests <- list()
for (case in cases) {
  d <- read.csv(file.path("..", case$design, "data.csv"))
  d$seg <- factor(eval(case$segment, d))
  d <- d[!is.na(d$seg) & !is.na(d$y) & !is.na(d$school_id), ]
  if (!is.null(case$x)) d <- d[!is.na(d[[case$x]]), ]
  if (is.null(case$arms)) d$t_1 <- d$treat else for (a in c("A", "B")) d[[paste0("t_", a)]] <- as.numeric(d$arm == a)
  arms <- grep("^t_", names(d), value = TRUE)
  d$cell <- if (is.null(case$stratum)) d$seg else factor(paste(d$seg, d[[case$stratum]]))
  d$weight <- if (is.null(case$w)) 1 else d[[case$w]]
  d <- d[!is.na(d$weight) & d$weight > 0, ]
  terms <- c(arms, case$x)
  formula <- as.formula(paste("y ~ 0 + cell +", paste0("seg:", terms, collapse = " + ")))
  fit <- if (is.null(case$w)) lm(formula, d) else lm(formula, d, weights = weight)
  stopifnot(!anyNA(coef(fit)))
  V <- vcovCR(fit, cluster = d$school_id, type = "CR2")
  ct <- coef_test(fit, V, test = "Satterthwaite")
  for (arm in arms) {
    names_of <- paste0("seg", levels(d$seg), ":", arm)
    at <- match(names_of, names(coef(fit)))
    stopifnot(!anyNA(at))
    effects[[length(effects) + 1]] <- data.frame(
      design = case$design, id = case$id, segment = levels(d$seg), condition = sub("t_", "", arm),
      est = num(coef(fit)[at]), se = num(sqrt(diag(V))[at]), df = num(ct$df_Satt[at]), p = num(ct$p_Satt[at]))
    k <- length(at)
    C <- matrix(0, k - 1, length(coef(fit)))
    C[, at[1]] <- -1
    for (i in seq_len(k - 1)) C[i, at[i + 1]] <- 1
    w <- Wald_test(fit, constraints = C, vcov = V, test = "HTZ")
    two <- k == 2
    tests[[length(tests) + 1]] <- data.frame(
      design = case$design, id = case$id, condition = sub("t_", "", arm), segments = k,
      f = num(w$Fstat), df_num = num(w$df_num), df_den = num(w$df_denom), p = num(w$p_val),
      difference = num(if (two) drop(C %*% coef(fit)) else NA),
      se = num(if (two) sqrt(drop(C %*% V %*% t(C))) else NA))
  }
}
write.csv(do.call(rbind, effects), "effects.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, tests), "tests.csv", row.names = FALSE, quote = FALSE)
cat("R", as.character(getRversion()), "clubSandwich", as.character(packageVersion("clubSandwich")), "\n")
