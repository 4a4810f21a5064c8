# Reference numbers of blocked counts with three conditions (stats::mantelhaen.test; with two the exact one too) and of balance: for each covariate
# clubSandwich's CR2 and Satterthwaite test, and for all covariates its HTZ test on the stacked regression (one row for
# each student and covariate, everything interacted with the covariate, clusters as they are).
# Run in this folder: Rscript make_balance.R > balance.json
suppressMessages({library(clubSandwich); library(jsonlite)})
assigned <- list(c(8, 8, 8), c(10, 5, 5), c(6, 6, 12)); observed <- list(c(7, 5, 6), c(8, 5, 2), c(6, 3, 9))
long <- do.call(rbind, lapply(seq_along(assigned), function(s) do.call(rbind, lapply(1:3, function(a) {
    o <- observed[[s]][a]; m <- assigned[[s]][a]
    data.frame(stratum = s, arm = a, seen = c(rep(1, o), rep(0, m - o)))
}))))
cmh <- mantelhaen.test(table(long$arm, long$seen, long$stratum), correct = FALSE)

blocks <- rbind(c(10, 10, 9, 6), c(12, 8, 12, 5), c(15, 15, 11, 10), c(6, 6, 6, 6), c(20, 10, 15, 4)) # those of make_counts.py
tables <- array(apply(blocks, 1, function(b) c(b[3], b[4], b[1] - b[3], b[2] - b[4])), c(2, 2, nrow(blocks)))
exact <- mantelhaen.test(tables, exact = TRUE)

one <- function(data, covariates, strata) {
    fit <- function(v) lm(as.formula(paste(v, "~ treat", if (strata) "+ factor(stratum)" else "")), data)
    each <- lapply(covariates, function(v) {
        m <- fit(v); t <- coef_test(m, vcov = vcovCR(m, data$school_id, "CR2"), test = "Satterthwaite", coefs = "treat")
        s <- tapply(data[[v]], data$treat, sd); n <- table(data$treat)
        list(covariate = v, difference = t$beta, se = t$SE, df = t$df_Satt, p = t$p_Satt,
            pooled_sd = sqrt(sum((n - 1) * s^2) / (sum(n) - 2)))
    })
    k <- length(covariates)
    stacked <- do.call(rbind, lapply(covariates, function(v) {
        d <- data[, intersect(c("school_id", "treat", "stratum"), names(data))]; d$value <- data[[v]]; d$which <- v; d
    }))
    stacked$which <- factor(stacked$which, levels = covariates)
    formula <- if (strata) value ~ 0 + which:factor(stratum) + which:treat else value ~ 0 + which + which:treat
    m <- lm(formula, stacked)
    v <- vcovCR(m, stacked$school_id, "CR2")
    at <- grep("treat", names(coef(m)))
    w <- Wald_test(m, constrain_zero(at), vcov = v, test = "HTZ")
    list(each = each, joint = list(f = w$Fstat, df_num = w$df_num, df_den = w$df_denom, p = w$p_val))
}
s08 <- read.csv("../s08_strata_nested/data.csv"); s02 <- read.csv("../s02_unequal_sizes/data.csv")
cat(toJSON(list(software = paste("R", getRversion(), "stats, clubSandwich", packageVersion("clubSandwich")),
    cmh = list(assigned = assigned, observed = observed, chi2 = cmh$statistic, df = cmh$parameter, p = cmh$p.value), blocks_exact_p = exact$p.value,
    s08 = one(s08, c("x", "female"), TRUE), s02 = one(s02, c("x", "female"), FALSE)), digits = NA, auto_unbox = TRUE, pretty = TRUE), "\n")
