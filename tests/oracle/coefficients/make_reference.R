# Makes data.csv and reference.json: means of conditions, effects, slopes, interactions with all covariances; linear
# hypotheses one by one and together; Fieller's limits of the lift.
# Run `Rscript make_reference.R` in this folder, with clubSandwich and jsonlite.
suppressMessages({library(clubSandwich); library(jsonlite)})

# Three conditions, clusters of 4 to 22 rows, half of them in two strata, weights that differ between rows in two of three
# clusters.
set.seed(20270114)
conditions <- c("control", "tutor", "group B")
d <- do.call(rbind, lapply(1:27, function(g) {
  n <- 4 + (g * g * 7) %% 19
  arm <- conditions[1 + (g * 5 + g %/% 9) %% 3]
  stratum <- paste0("s", 1 + (g %% 4 + (seq_len(n) > n / 2) * (g %% 2)) %% 4)
  x <- 10 + rnorm(1) + rnorm(n, sd = 2)
  z <- rbinom(n, 1, 0.4)
  y <- 50 + 2 * (arm == "tutor") + 3.5 * (arm == "group B") + 0.6 * x + (arm == "tutor") * 0.2 * (x - 10) - z +
    match(stratum, paste0("s", 1:4)) + rnorm(1) + rnorm(n, sd = 3)
  w <- if (g %% 3 == 0) rep(0.5 + g %% 5, n) else round(runif(n, 0.2, 3), 3)
  data.frame(school_id = sprintf("c%02d", g), stratum, arm, y = round(y, 4), x = round(x, 4), z, w)
}))
write.csv(d, "data.csv", row.names = FALSE, quote = FALSE)

read <- function(design) read.csv(file.path("..", design, "data.csv"), na.strings = "", stringsAsFactors = FALSE)

# A regression with treatment coding of the conditions, and its terms as linear combinations of the coefficients.
analyse <- function(d, arms, condition = "arm", stratum = NULL, covariates = NULL, weight = NULL, lin = FALSE, cluster = FALSE) {
  d <- d[complete.cases(d[, c("y", condition, stratum, covariates, weight)]), ]
  d$arm. <- factor(d[[condition]], levels = arms)
  d <- d[!is.na(d$arm.), ]
  d$w. <- if (is.null(weight)) 1 else d[[weight]]
  if (cluster) d$w. <- d$w. / as.numeric(tapply(d$w., d$school_id, sum)[as.character(d$school_id)])
  for (v in covariates) d[[paste0(v, ".c")]] <- d[[v]] - weighted.mean(d[[v]], d$w.)
  rhs <- if (lin) sprintf("arm. * (%s)", paste0(covariates, ".c", collapse = " + ")) else paste(c("arm.", covariates), collapse = " + ")
  if (!is.null(stratum)) rhs <- paste(rhs, sprintf("+ factor(%s)", stratum))
  plain <- is.null(weight) && !cluster
  m <- if (plain) lm(as.formula(paste("y ~", rhs)), data = d) else lm(as.formula(paste("y ~", rhs)), data = d, weights = w.)
  stopifnot(!anyNA(coef(m)))
  names <- names(coef(m))
  unit <- function(n) as.numeric(names == n)
  # If every row had the condition.
  mean_of <- function(a) {
    X <- model.matrix(delete.response(terms(m)), transform(d, arm. = factor(a, levels = arms)), xlev = m$xlevels)
    colSums(X * d$w.) / sum(d$w.)
  }
  rows <- list()
  by_name <- sort(arms, method = "radix")
  others <- setdiff(by_name, arms[1])
  for (a in by_name) rows[[paste0("mean/", a, "/")]] <- mean_of(a)
  for (a in others) rows[[paste0("effect/", a, "/")]] <- unit(paste0("arm.", a))
  for (v in covariates) rows[[paste0("slope//", v)]] <- unit(if (lin) paste0(v, ".c") else v)
  if (lin) for (a in others) for (v in covariates) rows[[paste0("interaction/", a, "/", v)]] <- unit(paste0("arm.", a, ":", v, ".c"))
  list(m = m, d = d, T = do.call(rbind, rows), covariates = covariates, arms = arms)
}

# The variance of the coefficients; factors that clubSandwich does not have are put on.
vcov_of <- function(a, se) {
  G <- length(unique(a$d$school_id))
  if (se == "naive") vcov(a$m)
  else if (se == "CV3") vcovCR(a$m, cluster = a$d$school_id, type = "CR3") * (G - 1) / G
  else vcovCR(a$m, cluster = a$d$school_id, type = se)
}
# One combination: its degrees of freedom are those of the test of one constraint. (linear_contrast, which says the same,
# fails with weights in 0.5.8.)
one_df <- function(m, V, t) {
  est <- sum(t * coef(m)); se <- sqrt(as.numeric(t(t) %*% as.matrix(V) %*% t))
  df <- Wald_test(m, constraints = matrix(t, 1), vcov = V, test = "HTZ")$df_denom
  if (is.null(m$call$weights)) {
    r <- linear_contrast(m, vcov = V, contrasts = matrix(t, 1), test = "Satterthwaite")
    stopifnot(abs(r$df - df) < 1e-9 * df, abs(r$SE - se) < 1e-12 * se)
  } else if (sum(t != 0) == 1) {
    r <- coef_test(m, vcov = V, test = "Satterthwaite")[which(t != 0), ]
    stopifnot(abs(r$df_Satt - df) < 1e-9 * df)
  }
  reach <- qt(0.975, df) * se
  list(est = est, se = se, df = df, p = 2 * pt(-abs(est / se), df), lo = est - reach, hi = est + reach)
}
terms_of <- function(a) {
  out <- list(terms = rownames(a$T), estimate = as.numeric(a$T %*% coef(a$m)))
  for (se in c("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3", "CV3", "naive")) {
    V <- as.matrix(vcov_of(a, se))
    C <- unname(a$T %*% V %*% t(a$T))
    one <- list(se = sqrt(diag(C)))
    if (se %in% c("CR0", "CR2", "CR3", "naive")) one$vcov <- C
    if (se %in% c("CR2", "CR3")) {
      tests <- lapply(seq_len(nrow(a$T)), function(i) one_df(a$m, vcov_of(a, se), a$T[i, ]))
      one$df <- sapply(tests, function(r) r$df)
      one$p <- sapply(tests, function(r) r$p)
      one$lo <- sapply(tests, function(r) r$lo)
      one$hi <- sapply(tests, function(r) r$hi)
    }
    out[[se]] <- one
  }
  out
}

# Hypotheses: factors of terms, and what they sum to.
of <- function(a, factors, value = 0) {
  h <- numeric(nrow(a$T)); names(h) <- rownames(a$T)
  h[names(factors)] <- factors
  list(C = as.numeric(h %*% a$T), value = value)
}
hypotheses <- function(a) {
  one <- a$arms[2]; control <- a$arms[1]
  m <- function(n) paste0("mean/", n, "/")
  f <- function(...) { v <- list(...); setNames(unlist(v[c(FALSE, TRUE)]), unlist(v[c(TRUE, FALSE)])) }
  quoted <- function(n) if (grepl("^[a-z]+$", n)) n else sprintf("\"%s\"", n)
  h <- list()
  add <- function(text, factors, value = 0) h[[text]] <<- of(a, factors, value)
  add(sprintf("%s - %s = 2", quoted(one), quoted(control)), f(m(one), 1, m(control), -1), 2)
  add(sprintf("%s = 57.5", quoted(one)), f(m(one), 1), 57.5)
  add(sprintf("3*%s/2 - 80", quoted(control)), f(m(control), 1.5), 80)
  if (length(a$arms) > 2) {
    two <- a$arms[3]
    add(sprintf("%s = %s", quoted(one), quoted(two)), f(m(one), 1, m(two), -1))
    add(sprintf("(%s + %s)/2 = %s", quoted(one), quoted(two), quoted(control)), f(m(one), 0.5, m(two), 0.5, m(control), -1))
  }
  if (length(a$covariates)) {
    v <- a$covariates[1]; s <- paste0("slope//", v)
    add(sprintf("%s = 0.5", v), f(s, 1), 0.5)
    add(sprintf("%s - 2*%s + 1 = %s", quoted(one), v, quoted(control)), f(m(one), 1, s, -2, m(control), -1), -1)
  }
  h
}
contrasts_of <- function(a) {
  h <- hypotheses(a)
  lapply(setNames(c("CR2", "CR3"), c("CR2", "CR3")), function(se) {
    V <- vcov_of(a, se)
    lapply(h, function(x) {
      # The outcome is shifted so that the hypothesis is one of 0.
      m0 <- shifted(a, matrix(x$C, 1), x$value)
      one_df(m0, vcovCR(m0, cluster = a$d$school_id, type = se), x$C)
    })
  })
}
shifted <- function(a, C, value) {
  b <- t(C) %*% solve(C %*% t(C), value)
  d <- a$d; d$y <- d$y - as.numeric(model.matrix(a$m) %*% b)
  if (is.null(a$m$call$weights)) lm(formula(a$m), data = d) else lm(formula(a$m), data = d, weights = w.)
}
joint_of <- function(a) {
  h <- hypotheses(a)
  others <- sort(a$arms[-1], method = "radix")
  sets <- list(effects = list(texts = list(), C = a$T[paste0("effect/", others, "/"), , drop = FALSE], value = rep(0, length(others))))
  for (pick in list(1:2, c(1, 4), c(2, 6, 7))) {
    if (max(pick) > length(h)) next
    sets[[paste(pick, collapse = "+")]] <- list(texts = names(h)[pick], C = do.call(rbind, lapply(h[pick], function(x) x$C)),
      value = sapply(h[pick], function(x) x$value))
  }
  lapply(unname(sets), function(s) {
    m0 <- shifted(a, s$C, s$value)
    tests <- lapply(c(CR0 = "CR0", CR1S = "CR1S", CR2 = "CR2", CR3 = "CR3"), function(se) {
      w <- Wald_test(m0, constraints = unname(s$C), vcov = vcovCR(m0, cluster = a$d$school_id, type = se),
                     test = if (se %in% c("CR2", "CR3")) "HTZ" else "Naive-F")
      list(F = w$Fstat, df_num = w$df_num, df_den = w$df_denom, p = w$p_val)
    })
    b <- s$C %*% coef(m0)
    f <- as.numeric(t(b) %*% solve(s$C %*% vcov(m0) %*% t(s$C), b)) / nrow(s$C)
    tests$naive <- list(F = f, df_num = nrow(s$C), df_den = df.residual(m0), p = pf(f, nrow(s$C), df.residual(m0), lower.tail = FALSE))
    c(list(hypotheses = I(as.character(unlist(s$texts)))), tests)
  })
}

# Scores by cluster with the adjustment matrices of clubSandwich: they give its variance.
scores <- function(m, cluster, type) {
  V <- vcovCR(m, cluster = cluster, type = type)
  X <- model.matrix(m); e <- residuals(m); rows <- split(seq_along(e), factor(cluster))
  w <- if (is.null(weights(m))) rep(1, length(e)) else weights(m)
  M <- solve(crossprod(X, X * w)); A <- attr(V, "adjustments")
  U <- sapply(seq_along(rows), function(g) {
    i <- rows[[g]]
    a <- if (is.null(A)) e[i] else if (is.matrix(A[[g]])) A[[g]] %*% e[i] else A[[g]] * e[i]
    M %*% crossprod(X[i, , drop = FALSE] * w[i], a)
  })
  U <- matrix(U, nrow = ncol(X)); colnames(U) <- names(rows)
  stopifnot(max(abs(U %*% t(U) - as.matrix(V))) < 1e-12 * max(abs(V)))
  U
}
fieller <- function(e, m, ve, vm, vb, t) {
  a <- m^2 - t^2 * vm; b <- e * m - t^2 * vb; c <- e^2 - t^2 * ve
  stopifnot(a > 0)
  (b + c(-1, 1) * sqrt(b^2 - a * c)) / a
}
lift_of <- function(a) {
  m <- a$m; d <- a$d; control <- d$arm. == a$arms[1]
  weighted <- !is.null(m$call$weights)
  d0 <- d[control, ]
  m0 <- if (weighted) lm(y ~ 1, data = d0, weights = w.) else lm(y ~ 1, data = d0)
  base <- unname(coef(m0))
  G <- length(unique(d$school_id)); N <- nrow(d); k <- length(coef(m))
  X <- model.matrix(m); A <- solve(crossprod(X, X * d$w.), t(X * d$w.))  # the coefficients are A y
  b0 <- control * d$w. / sum(d$w.[control])                              # and this is the mean of the control
  out <- list()
  for (arm in sort(a$arms[-1], method = "radix")) {
    n <- paste0("arm.", arm); at <- match(n, names(coef(m))); e <- unname(coef(m)[at])
    one <- list(lift = e / base)
    for (se in c("CR0", "CR1S", "CR2", "CR3", "naive")) {
      if (se == "naive") {
        s2 <- sum(d$w. * residuals(m)^2) / (N - k)
        v <- s2 * c(sum(A[at, ]^2 / d$w.), sum(b0^2 / d$w.), sum(A[at, ] * b0 / d$w.))
        stopifnot(abs(v[1] - vcov(m)[at, at]) < 1e-12 * v[1])
        df <- N - k
      } else {
        type <- if (se == "CR1S") "CR0" else se
        u <- scores(m, d$school_id, type)[at, ]
        p <- setNames(numeric(length(u)), names(u))
        p0 <- scores(m0, d0$school_id, type)[1, ]
        p[names(p0)] <- p0
        v <- c(sum(u^2), sum(p^2), sum(u * p))
        if (se == "CR1S") v <- v * G * (N - 1) / ((G - 1) * (N - k))
        df <- if (se %in% c("CR2", "CR3")) coef_test(m, vcov = se, cluster = d$school_id)[at, "df_Satt"] else G - 1
      }
      l <- fieller(e, base, v[1], v[2], v[3], qt(0.975, df))
      one[[se]] <- list(low = l[1], high = l[2])
    }
    out[[arm]] <- one
  }
  out
}

s02 <- read("s02_unequal_sizes"); s08 <- read("s08_strata_nested"); s10 <- read("s10_weights")
two <- c("control", "tutor")
models <- list(
  two = analyse(d, two),
  two_strata_weights = analyse(d, two, stratum = "stratum", weight = "w", covariates = "x"),
  three = analyse(d, conditions),
  three_strata = analyse(d, conditions, stratum = "stratum"),
  three_weights = analyse(d, conditions, weight = "w"),
  three_strata_weights = analyse(d, conditions, stratum = "stratum", weight = "w"),
  three_cluster = analyse(d, conditions, stratum = "stratum", cluster = TRUE),
  three_ancova = analyse(d, conditions, covariates = c("x", "z")),
  three_ancova_strata_weights = analyse(d, conditions, stratum = "stratum", weight = "w", covariates = c("x", "z")),
  three_lin = analyse(d, conditions, covariates = c("x", "z"), lin = TRUE),
  three_lin_strata = analyse(d, conditions, stratum = "stratum", covariates = c("x", "z"), lin = TRUE),
  three_lin_strata_weights = analyse(d, conditions, stratum = "stratum", weight = "w", covariates = c("x", "z"), lin = TRUE),
  s02_ancova = analyse(s02, c("0", "1"), "treat", covariates = c("x", "female")),
  s08_lin = analyse(s08, c("0", "1"), "treat", stratum = "stratum", covariates = c("x", "female"), lin = TRUE),
  s10_strata = analyse(s10, c("0", "1"), "treat", stratum = "grade", weight = "w"),
  s10_clusters = analyse(s10, c("0", "1"), "treat", weight = "w_cl", covariates = "x")
)
# Without strata and covariates a mean is the coefficient of a regression without intercept.
plain <- lm(y ~ 0 + arm., data = models$three$d)
p <- coef_test(plain, vcov = "CR2", cluster = models$three$d$school_id)
V <- vcov_of(models$three, "CR2")
for (a in conditions) {
  r <- one_df(models$three$m, V, models$three$T[paste0("mean/", a, "/"), ])
  q <- p[paste0("arm.", a), ]
  stopifnot(abs(r$se - q$SE) < 1e-12 * q$SE, abs(r$df - q$df_Satt) < 1e-9 * q$df_Satt)
}
out <- list(made_by = paste("R", getRversion(), "clubSandwich", packageVersion("clubSandwich")),
            intercepts = list(conditions = conditions, se = p[paste0("arm.", conditions), "SE"], df = p[paste0("arm.", conditions), "df_Satt"]),
            models = lapply(models, function(a) list(coefficients = terms_of(a), contrasts = contrasts_of(a), joint = joint_of(a), lift = lift_of(a))))
write(toJSON(out, auto_unbox = TRUE, digits = I(17), matrix = "rowmajor"), "reference.json")
