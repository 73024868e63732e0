"""Works that a methods paragraph may cite, as a journal's list prints them."""

from __future__ import annotations

Sentence = tuple[str, tuple[str, ...]]
"""A sentence, and the keys of the works that it rests on."""

REFERENCES: dict[str, str] = {
    "bop": "Cornelis L, Bernárdez G, Jeong H, Miolane N. When machine learning gets personal: "
    "evaluating prediction and explanation. arXiv:2502.02786; 2025.",
    "limits": "Monteiro Paes L, Long CX, Ustun B, Calmon FP. On the epistemic limits of "
    "personalized prediction. Advances in Neural Information Processing Systems 35; 2022.",
    "glm": "McCullagh P, Nelder JA. Generalized linear models. 2nd ed. Chapman and Hall; 1989.",
    "firth": "Firth D. Bias reduction of maximum likelihood estimates. Biometrika 1993;80:27–38.",
    "heinze": "Heinze G, Schemper M. A solution to the problem of separation in logistic "
    "regression. Statistics in Medicine 2002;21:2409–2419.",
    "median": "Chernozhukov V, Chetverikov D, Demirer M, Duflo E, Hansen C, Newey W, Robins J. "
    "Double/debiased machine learning for treatment and structural parameters. The Econometrics "
    "Journal 2018;21:C1–C68.",
    "bayle": "Bayle P, Bayle A, Janson L, Mackey L. Cross-validation confidence intervals for test "
    "error. Advances in Neural Information Processing Systems 33; 2020.",
    "bates": "Bates S, Hastie T, Tibshirani R. Cross-validation: what does it estimate and how "
    "well does it do it? Journal of the American Statistical Association 2024;119:1434–1445.",
    "brier": "Brier GW. Verification of forecasts expressed in terms of probability. Monthly "
    "Weather Review 1950;78:1–3.",
    "net_benefit": "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating "
    "prediction models. Medical Decision Making 2006;26:565–574.",
    "gradients": "Sundararajan M, Taly A, Yan Q. Axiomatic attribution for deep networks. "
    "Proceedings of the 34th International Conference on Machine Learning 2017:3319–3328.",
    "deeplift": "Shrikumar A, Greenside P, Kundaje A. Learning important features through "
    "propagating activation differences. Proceedings of the 34th International Conference on "
    "Machine Learning 2017:3145–3153.",
    "shap": "Lundberg SM, Lee SI. A unified approach to interpreting model predictions. Advances "
    "in Neural Information Processing Systems 30; 2017.",
    "occlusion": "Zeiler MD, Fergus R. Visualizing and understanding convolutional networks. "
    "European Conference on Computer Vision 2014:818–833.",
    "eraser": "DeYoung J, Jain S, Rajani NF, Lehman E, Xiong C, Socher R, Wallace BC. ERASER: a "
    "benchmark to evaluate rationalized NLP models. Proceedings of the 58th Annual Meeting of the "
    "Association for Computational Linguistics 2020:4443–4458.",
    "sampling": "Särndal CE, Swensson B, Wretman J. Model assisted survey sampling. Springer; "
    "1992.",
    "tango": "Tango T. Equivalence test and confidence interval for the difference in proportions "
    "for the paired-sample design. Statistics in Medicine 1998;17:891–908.",
    "boos": "Berger RL, Boos DD. P values maximized over a confidence set for the nuisance "
    "parameter. Journal of the American Statistical Association 1994;89:1012–1016.",
    "clopper": "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in "
    "the case of the binomial. Biometrika 1934;26:404–413.",
    "efron": "Efron B. Better bootstrap confidence intervals. Journal of the American Statistical "
    "Association 1987;82:171–185.",
    "rubin": "Rubin DB. Multiple imputation for nonresponse in surveys. Wiley; 1987.",
    "barnard": "Barnard J, Rubin DB. Small-sample degrees of freedom with multiple imputation. "
    "Biometrika 1999;86:948–955.",
    "berger": "Berger RL. Multiparameter hypothesis testing and acceptance sampling. Technometrics "
    "1982;24:295–300.",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal "
    "of Statistics 1979;6:65–70.",
    "cochran": "Cochran WG. The combination of estimates from different experiments. Biometrics "
    "1954;10:101–129.",
    "korn": "Korn EL, Graubard BI. Simultaneous testing of regression coefficients with complex "
    "survey data: use of Bonferroni t statistics. The American Statistician 1990;44:270–276.",
    "cox": "Cox DR. Two further applications of a model for binary regression. Biometrika "
    "1958;45:562–565.",
    "statsmodels": "Seabold S, Perktold J. Statsmodels: econometric and statistical modeling with "
    "Python. Proceedings of the 9th Python in Science Conference 2010:92–96.",
}
