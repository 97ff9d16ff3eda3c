import { SignInForm } from "../session/sign-in-form.js";
import { CardPage } from "../ui/card-page.js";

export function SignInPage() {
  return (
    <CardPage title="Sign in">
      <p className="muted">No password: a code by e-mail proves that the address is yours.</p>
      <SignInForm />
    </CardPage>
  );
}
