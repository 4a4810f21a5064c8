# Makes reference.json: the cluster as what counts, matched pairs, Lin with strata, and leaving clusters out.
# Run `Rscript make_reference.R` in this folder, with clubSandwich, estimatr and jsonlite.
suppressMessages({library(clubSandwich); library(estimatr); library(jsonlite)})
read <- function(design) read.csv(file.path("..", design, "data.csv"), na.strings = "", stringsAsFactors = FALSE)
of <- function(fit, term) {
  s <- summary(fit)$coefficients[term, ]
  list(est = unname(s["Estimate"]), se = unname(s["Std. Error"]), df = unname(s["DF"]),
       p = unname(s["Pr(>|t|)"]), ci_lo = unname(s["CI Lower"]), ci_hi = unname(s["CI Upper"]))
}
club <- function(m, cluster, type, term) {
  t <- coef_test(m, vcov = type, cluster = cluster, test = "Satterthwaite")
  r <- t[rownames(t) == term, ]
  list(est = r$beta, se = r$SE, df = r$df_Satt, p = r$p_Satt)
}
out <- list(made_by = paste("R", getRversion(), "clubSandwich", packageVersion("clubSandwich"), "estimatr", packageVersion("estimatr")))

# Each cluster counts the same: weights 1 / n_g of the rows used.
cluster <- list()
for (design in c("s01_balanced_2arm", "s02_unequal_sizes", "s08_strata_nested")) {
  d <- read(design)
  d <- d[complete.cases(d[, c("y", "treat")]), ]
  d$w1 <- 1 / as.numeric(table(d$school_id)[as.character(d$school_id)])
  fit <- lm_robust(y ~ treat, data = d, weights = w1, clusters = school_id, se_type = "CR2")
  one <- list(estimatr = of(fit, "treat"))
  m <- lm(y ~ treat, data = d, weights = w1)
  one$clubSandwich <- club(m, d$school_id, "CR2", "treat")
  one$means <- as.list(tapply(tapply(d$y, d$school_id, mean), tapply(d$treat, d$school_id, max), mean))
  cluster[[design]] <- one
}
d <- read("s02_unequal_sizes")
d <- d[complete.cases(d[, c("y", "treat", "x", "female")]), ]
d$w1 <- 1 / as.numeric(table(d$school_id)[as.character(d$school_id)])
cluster$s02_ancova <- of(lm_robust(y ~ treat + x + female, data = d, weights = w1, clusters = school_id, se_type = "CR2"), "treat")
d$xc <- d$x - weighted.mean(d$x, d$w1); d$fc <- d$female - weighted.mean(d$female, d$w1)
cluster$s02_lin <- of(lm_robust(y ~ treat * (xc + fc), data = d, weights = w1, clusters = school_id, se_type = "CR2"), "treat")
# With weights of their own: each row's weight over the cluster's total.
d <- read("s10_weights")
d <- d[complete.cases(d[, c("y", "treat", "w")]), ]
d$w1 <- d$w / as.numeric(tapply(d$w, d$school_id, sum)[as.character(d$school_id)])
cluster$s10_w <- of(lm_robust(y ~ treat, data = d, weights = w1, clusters = school_id, se_type = "CR2"), "treat")
out$cluster <- cluster

# Lin with strata absorbed: covariates about their means over all rows, an intercept for each stratum.
d <- read("s08_strata_nested")
d <- d[complete.cases(d[, c("y", "treat", "x", "female")]), ]
d$xc <- d$x - mean(d$x); d$fc <- d$female - mean(d$female)
m <- lm(y ~ treat * (xc + fc) + factor(stratum), data = d)
out$lin_strata <- list(CR2 = club(m, d$school_id, "CR2", "treat"), CR0 = club(m, d$school_id, "CR0", "treat"),
                       slopes = as.list(coef(m)[c("xc", "fc", "treat:xc", "treat:fc")]))

# Matched pairs of clusters.
set.seed(20261126)
pairs <- do.call(rbind, lapply(1:9, function(j) do.call(rbind, lapply(0:1, function(t) {
  n <- 8 + (j * 5 + t * 3) %% 11
  data.frame(pair = sprintf("p%02d", j), school_id = sprintf("s%02d%d", j, t), treat = t,
             y = round(50 + 3 * sin(j) + 1.5 * t + rnorm(1) + rnorm(n, sd = 4), 4))
}))))
write.csv(pairs, "pairs.csv", row.names = FALSE, quote = FALSE)
fit <- difference_in_means(y ~ treat, data = pairs, blocks = pair, clusters = school_id)
out$pairs <- list(design = fit$design, est = unname(fit$coefficients), se = unname(fit$std.error), df = unname(fit$df),
                  p = unname(fit$p.value), ci_lo = unname(fit$conf.low), ci_hi = unname(fit$conf.high))

# Leaving each cluster out, by refitting.
d <- read("s02_unequal_sizes")
d <- d[complete.cases(d[, c("y", "treat", "x", "female")]), ]
ids <- sort(unique(d$school_id))
m <- lm(y ~ treat + x + female, data = d)
X <- model.matrix(m); M <- solve(crossprod(X)); tx <- resid(lm(treat ~ x + female, data = d))
without <- sapply(ids, function(g) coef(lm(y ~ treat + x + female, data = d[d$school_id != g, ]))["treat"])
lev <- sapply(ids, function(g) { Xg <- X[d$school_id == g, , drop = FALSE]; sum(diag(Xg %*% M %*% t(Xg))) })
part <- sapply(ids, function(g) sum(tx[d$school_id == g]^2) / sum(tx^2))
c0 <- M["treat", ]
gam <- function(rho) sapply(ids, function(g) {
  Xg <- X[d$school_id == g, , drop = FALSE]; n <- nrow(Xg)
  O <- matrix(rho, n, n); diag(O) <- 1
  as.numeric(c0 %*% t(Xg) %*% O %*% Xg %*% c0)
})
gstar <- function(rho) { g <- gam(rho); G <- length(g); G / (1 + mean((g - mean(g))^2) / mean(g)^2) }
G <- length(ids); b <- coef(m)["treat"]
out$influence <- list(ids = ids, without = unname(without), leverage = unname(lev), partial = unname(part),
  gstar1 = gstar(1), gstar0 = gstar(0), cv = sd(lev) / mean(lev), partial_cv = sd(part) / mean(part),
  cr3 = sqrt(sum((without - b)^2)), cv3 = sqrt((G - 1) / G * sum((without - b)^2)),
  cv3j = sqrt((G - 1) / G * sum((without - mean(without))^2)))
write(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), "reference.json")
