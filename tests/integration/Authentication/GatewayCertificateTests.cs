using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Net.Tls;
using Serverless.Tests.Integration.Authentication.Support;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Authentication;

/// <summary>Certificates that are renewed while the gateway runs.</summary>
public sealed class GatewayCertificateTests
{
    [Test]
    public void WhatCouldNotBeRead_IsTriedAgain_ThoughTheFilesLookTheSame()
    {
        using var folder = new TemporaryDirectory();
        var time = new ManualTime();
        var certificate = GatewayCertificate.LoadOrCreate(folder[""], time, NullLogger.Instance);
        var (certificatePath, keyPath) = (folder["tls-certificate.pem"], folder["tls-key.pem"]);
        var before = Shown(certificate);
        var (renewed, renewedKey) = SelfSignedCertificate.Make("renewed", DateTimeOffset.UtcNow);
        var oldKey = new FileInfo(keyPath);
        Assert.That(renewedKey, Has.Length.EqualTo(oldKey.Length));

        File.WriteAllText(certificatePath, renewed);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Shown(certificate), Is.EqualTo(before), "the key belongs to the one before");

        var written = oldKey.LastWriteTimeUtc;
        File.WriteAllText(keyPath, renewedKey);
        File.SetLastWriteTimeUtc(keyPath, written);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(Shown(certificate), Is.EqualTo(X509Certificate2.CreateFromPem(renewed).GetCertHashString(HashAlgorithmName.SHA256)));
    }

    private static string Shown(GatewayCertificate certificate) => certificate.Options.ServerCertificateContext!.TargetCertificate.GetCertHashString(HashAlgorithmName.SHA256);
}
