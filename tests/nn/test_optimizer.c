/* Updates with weight decay against PyTorch. The numbers below were printed (PyTorch 1.13) by
     import torch
     def run(make):
         p = torch.nn.Parameter(torch.tensor([0.5, -1.25, 2.0, 0.0], dtype=torch.float64))
         o = make([p])
         for g in [[0.3, -0.2, 0.0, 1.0], [-0.1, 0.4, 0.25, 0.0], [0.6, 0.1, -0.5, -2.0]]:
             p.grad = torch.tensor(g, dtype=torch.float64)
             o.step()
         print([f"{v:.10f}" for v in p.tolist()])
     run(lambda p: torch.optim.AdamW(p, lr=0.1, eps=1e-7, weight_decay=0.3))
     run(lambda p: torch.optim.Adam(p, lr=0.1, eps=1e-7))
     run(lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.3))
     run(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.3)) */
#include "check.h"
#include "nn/optimizer.h"

enum { COUNT = 4, STEPS = 3 };

static void check(const ecd_backend_t *be, const ecd_train_settings_t *s,
                  const double wanted[COUNT]) {
  static const float gradient[STEPS][COUNT] = {
      {0.3f, -0.2f, 0.0f, 1.0f}, {-0.1f, 0.4f, 0.25f, 0.0f}, {0.6f, 0.1f, -0.5f, -2.0f}};
  float p[COUNT] = {0.5f, -1.25f, 2.0f, 0.0f}, m[COUNT] = {0}, v[COUNT] = {0};
  for (int64_t step = 0; step < STEPS; ++step)
    ecd_optimizer_update(be, s, 0.1, step + 1, COUNT, p, gradient[step], m, v);
  /* In single precision 1 - beta2 is off by 1.3e-5. */
  for (int i = 0; i < COUNT; ++i) CHECK_NEAR((double)p[i], wanted[i], 3e-6);
}

static void check_backend(ecd_backend_kind_t kind) {
  const ecd_backend_t *be;
  ecd_error_t err;
  ecd_train_settings_t s = {.optimizer = ECD_OPTIMIZER_ADAM,
                            .beta1 = 0.9,
                            .beta2 = 0.999,
                            .epsilon = 1e-7,
                            .weight_decay = 0.3};
  if (ecd_backend_get(kind, &be, &err) != ECD_OK) return; /* not built */
  check(be, &s, (const double[]){0.2524872117, -1.1238284322, 1.7845933762, -0.1250821876});
  s.weight_decay = 0;
  check(be, &s, (const double[]){0.2890400585, -1.2281754954, 1.9570149669, -0.1330023615});
  s.optimizer = ECD_OPTIMIZER_SGD;
  s.weight_decay = 0.3;
  check(be, &s, (const double[]){0.3778095, -1.17082325, 1.851096, 0.10591});
  s.momentum = 0.9;
  check(be, &s, (const double[]){0.2987895, -1.07785325, 1.675236, -0.05969});
}

int main(void) {
  check_backend(ECD_BACKEND_REF);
  check_backend(ECD_BACKEND_BLAS);
  check_backend(ECD_BACKEND_DNNL);
  CHECK(check_count >= 16);
  return check_done();
}
